"""What models take in memory against what ``robustcheck plan`` says before they are loaded.

    python benchmarks/memory.py [--models ViT-B-16,timm:resnet50,hf:dinov2] [--llava 1024x16] [--precisions fp32,bf16]

Weights are random. A name is an architecture of open_clip, ``timm:`` one of timm, and ``hf:dinov2`` the base size that
transformers has for it. Each model is loaded on the processor, in a process of its own that has loaded and run a tiny
one before, so that libraries do not count. ``--llava`` is width and layers of the language model, behind an image
tower of 86 million weights. ``held`` is how far the resident set has grown once the model is loaded, ``at work`` the
most by which it has grown while 16 images and, where there is a text tower, 256 texts are embedded, or one question is
answered, which the last two columns hold against the plan. What loading needs for a moment, about twice the weights, is
in neither. Needs Linux.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from robustcheck.models.answering import HfAnswering
from robustcheck.models.digests import weights_bytes
from robustcheck.models.encoders import ImageEncoder, LoadedModel, Precision, ZeroShotModel, load_model
from robustcheck.models.foreseen_memory import foresee_memory
from robustcheck.models.reference import parse_reference
from robustcheck.values import ModelRef

MIB = 2**20
# Images of a batch; fewer are filled up to so many.
ROWS = 16
WORDS = ("<pad>", "<s>", "</s>", "<unk>", "<image>", "A", "B", "C", "D")
TEMPLATE = (
    "{% for message in messages %}{% for part in message['content'] %}"
    "{{ '<image> ' if part['type'] == 'image' else part['text'] }}{% endfor %}{% endfor %}"
)
# As many words as a question with four names has tokens.
TEXTS = [f"a photo of the number {number}." for number in range(256)]
QUESTION = " ".join(["word"] * 100)
VOCABULARY, SIDE, PATCH = 32_000, 336, 14


def main() -> None:
    """Print a row for each model."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", default="ViT-B-16")
    parser.add_argument("--llava", default="1024x16")
    parser.add_argument("--precisions", default="fp32,bf16")
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(grown(*options.child)))
        return
    print(f"{'':24}{'weights, MiB':>14}{'held':>8}{'of it':>8}{'at work':>10}{'plan':>8}{'of it':>8}", flush=True)
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch)
        for name in filter(None, options.models.split(",")):
            print_row(name, write_model(name, place), "fp32", "zoo:cnn-plain-100")
        if options.llava:
            width, layers = map(int, options.llava.split("x"))
            large, tiny = write_llava(place / "large", width, layers, 768), write_llava(place / "tiny", 64, 1, 64)
            for precision in options.precisions.split(","):
                print_row(f"LLaVA {options.llava} {precision}", f"llava:{large}", precision, f"llava:{tiny}")


def print_row(name: str, reference: str, precision: str, tiny: str) -> None:
    """Measure a model in a process of its own, and print what it takes beside what is planned."""
    command = [sys.executable, __file__, "--child", reference, precision, tiny]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found = json.loads(done.stdout.splitlines()[-1])
    weights, plan, held, work = (found[key] / MIB for key in ("weights", "plan", "held", "work"))
    of_weights, of_plan = held / weights, work / plan
    print(f"{name:24}{weights:14,.0f}{held:8,.0f}{of_weights:8.2f}{work:10,.0f}{plan:8,.0f}{of_plan:8.2f}", flush=True)


def grown(reference: str, precision: Precision, tiny: str) -> dict[str, int]:
    """Return the planned bytes of a model, loaded and at work, and by how many the process grew."""
    ref = parse_reference(reference)
    run_once(load_model(parse_reference(tiny), "cpu", precision))
    gc.collect()
    before = resident_bytes()
    model = load_model(ref, "cpu", precision)
    gc.collect()
    held = resident_bytes()
    with watched() as most:
        run_once(model)
    weights, plan = planned(ref, precision)
    return {"weights": weights, "plan": plan, "held": held - before, "work": max(most) - before}


def planned(ref: ModelRef, precision: Precision) -> tuple[int, int]:
    """Return the planned bytes of the weights of a model, and of it at work."""
    with tempfile.TemporaryDirectory() as known:
        found = foresee_memory({ref: TEXTS}, precision, ROWS, Path(known)).get(ref)
    if found is None:  # a model that answers: its question is among what its weights take
        weights = weights_bytes(ref, precision)
        return weights, weights
    return found.weights, found.weights + found.at_work


def run_once(model: LoadedModel | HfAnswering) -> None:
    """Embed a batch of pictures and one of texts, or answer one question about a picture."""
    if isinstance(model, HfAnswering):
        model.letter_logs(np.full((SIDE, SIDE, 3), 128, np.uint8), QUESTION, "ABCD")
        return
    assert isinstance(model, ImageEncoder)
    side = model.geometry.side
    model.encode_images([np.full((side, side, 3), 128, np.uint8)] * ROWS)
    if isinstance(model, ZeroShotModel):
        model.encode_texts(TEXTS)


def resident_bytes() -> int:
    """Return the resident set of this process."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


@contextmanager
def watched() -> Iterator[list[int]]:
    """Look at the resident set every few milliseconds, until the block ends."""
    seen, done = [resident_bytes()], threading.Event()

    def look() -> None:
        while not done.is_set():
            seen.append(resident_bytes())
            time.sleep(0.002)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield seen
    finally:
        done.set()
        thread.join()


def write_model(name: str, place: Path) -> str:
    """Save a model with random weights, and return a reference to it."""
    import open_clip
    import timm
    import torch

    library, colon, own = name.partition(":")
    if name == "hf:dinov2":
        return f"hf:{write_dinov2(place / 'dinov2')}"
    if colon and library == "timm":
        torch.save(timm.create_model(own).state_dict(), place / "timm.pt")
        return f"timm:{own}@{place / 'timm.pt'}"
    model = open_clip.create_model(name.partition("/")[0], load_weights=False, pretrained_text=False)
    torch.save(model.state_dict(), place / "clip.pt")
    return f"openclip:{name}@{place / 'clip.pt'}"


def write_dinov2(directory: Path) -> Path:
    """Save a DINOv2 of the base size with random weights."""
    from transformers import CLIPImageProcessor, Dinov2Config, Dinov2Model

    Dinov2Model(Dinov2Config(image_size=224)).save_pretrained(directory)
    CLIPImageProcessor().save_pretrained(directory)
    return directory


def write_llava(directory: Path, width: int, layers: int, tower: int) -> Path:
    """Save a LLaVA 1.5 with random weights, in float32."""
    import torch
    from transformers import CLIPImageProcessor, LlavaForConditionalGeneration, LlavaProcessor

    with torch.device("meta"):
        model = LlavaForConditionalGeneration(llava_configuration(width, layers, tower))
    model.to_empty(device="cpu")
    for tensor in (*model.parameters(), *model.buffers()):
        if tensor.is_floating_point():
            torch.nn.init.uniform_(tensor, -0.02, 0.02)
    model.save_pretrained(directory)
    sizes = {"size": {"shortest_edge": SIDE}, "crop_size": {"height": SIDE, "width": SIDE}}
    settings = {"patch_size": PATCH, "vision_feature_select_strategy": "default", "num_additional_image_tokens": 1}
    processor = LlavaProcessor(CLIPImageProcessor(**sizes), word_tokenizer(), chat_template=TEMPLATE, **settings)
    processor.save_pretrained(directory)
    return directory


def llava_configuration(width: int, layers: int, tower: int) -> object:
    """Return a configuration with the proportions of LLaVA 1.5."""
    from transformers import CLIPVisionConfig, LlamaConfig, LlavaConfig

    text = LlamaConfig(
        vocab_size=VOCABULARY,
        hidden_size=width,
        intermediate_size=11 * width // 4,
        num_hidden_layers=layers,
        num_attention_heads=max(1, width // 64),
        pad_token_id=0,
        bos_token_id=1,
        eos_token_id=2,
    )
    vision = CLIPVisionConfig(
        hidden_size=tower,
        intermediate_size=4 * tower,
        num_hidden_layers=max(1, tower // 64),
        num_attention_heads=max(1, tower // 64),
        image_size=SIDE,
        patch_size=PATCH,
    )
    places = (SIDE // PATCH) ** 2
    return LlavaConfig(
        text_config=text, vision_config=vision, image_token_index=WORDS.index("<image>"), image_seq_length=places
    )


def word_tokenizer() -> object:
    """Return a tokenizer of whole words, nearly all of them unknown."""
    from tokenizers import AddedToken, Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    backend = Tokenizer(models.WordLevel({word: place for place, word in enumerate(WORDS)}, unk_token="<unk>"))
    backend.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    backend.add_special_tokens([AddedToken(word, special=True) for word in WORDS[:5]])
    names = {"pad_token": "<pad>", "bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"}
    extra = {"image_token": "<image>"}
    return PreTrainedTokenizerFast(tokenizer_object=backend, extra_special_tokens=extra, **names)


if __name__ == "__main__":
    main()
