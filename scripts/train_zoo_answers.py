"""Train the zoo's model that answers: a tiny LLaVA on the image tower of ``vit-plain-1000``.

    python scripts/train_zoo_answers.py                 # train, write robustcheck/zoo/llava-vit-plain-1000
    python scripts/train_zoo_answers.py --out /tmp/zoo

As in LLaVA the tower stays as it is; a projector and a language model of two layers are trained. They are asked about
the drawn shapes of ``shapes-train``, with the paper's question, three wrong names drawn at random and the four in any
order, so that only what the image shows tells the letter. The first layer is also taught what it is there for: to say
at the end of the question what the image shows, and at each name of the list its letter. The second layer compares.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save
from tokenizers import AddedToken, Tokenizer, models, pre_tokenizers
from torch.nn import functional
from train_zoo import PREPROCESS, ZOO, make_deterministic
from zoo_pairs import IMAGE_SIZE

from robustcheck.datasets import open_dataset
from robustcheck.protocols.multiple_choice.questions import LETTERS, question_text

TOWER, NAME = "vit-plain-1000", "llava-vit-plain-1000"
WIDTH, LAYERS, HEADS, PATCH = 48, 3, 3, 8  # of the tower
SEED, STEPS, BATCH, LEARNING_RATE = 13, 1200, 64, 2e-3
IMAGE_TOKENS = (IMAGE_SIZE // PATCH) ** 2 + 1  # with the tower's own summary
IMAGE, END = "<image>", "</s>"
SPECIAL = ("<pad>", "<s>", END, "<unk>", IMAGE)
TEMPLATE = (
    "{% for message in messages %}{{ message['role'] }} : {% for part in message['content'] %}"
    "{% if part['type'] == 'image' %}<image> {% else %}{{ part['text'] }} {% endif %}{% endfor %}{% endfor %}"
    "{% if add_generation_prompt %}assistant :{% endif %}"
)
TEXT = {
    "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4,
    "num_key_value_heads": 4, "max_position_embeddings": 128, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Lesson:
    """Questions as tokens (n, t), which end with the right letter and the end; rows and names of their images.

    ``places`` (4,) is where the names stand.
    """

    tokens: torch.Tensor
    rows: torch.Tensor
    names: torch.Tensor
    places: torch.Tensor


def main(arguments: Sequence[str] | None = None) -> int:
    """Train the model and write its directory."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=ZOO, metavar="DIR", help="where its directory is written")
    parser.add_argument("--steps", type=int, default=STEPS, help="steps of AdamW")
    options = parser.parse_args(arguments)
    make_deterministic(SEED)
    names = open_dataset("shapes-train", ()).class_names
    processor = make_processor(names)
    model = make_model(len(processor.tokenizer))
    fit(model, processor, options.steps)
    write(model, processor, options.out / NAME)
    return 0


def make_processor(names: Sequence[str]) -> Any:
    """Return the processor: the tower's preprocessing, and a tokenizer of the question's words."""
    from transformers import CLIPImageProcessor, LlavaProcessor, PreTrainedTokenizerFast

    splitter = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Punctuation(behavior="isolated")]
    )
    asked = f"user : assistant : {question_text(LETTERS)} {' '.join(names)}"
    words = [word for word, _ in splitter.pre_tokenize_str(asked)]
    vocabulary = {word: place for place, word in enumerate(dict.fromkeys((*SPECIAL, *words)))}
    backend = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    backend.pre_tokenizer = splitter
    backend.add_special_tokens([AddedToken(token, special=True) for token in SPECIAL])
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=backend,
        pad_token="<pad>", bos_token="<s>", eos_token=END, unk_token="<unk>",
        extra_special_tokens={"image_token": IMAGE},
    )  # fmt: skip
    sides = {"size": {"shortest_edge": IMAGE_SIZE}, "crop_size": {"height": IMAGE_SIZE, "width": IMAGE_SIZE}}
    pixels = CLIPImageProcessor(**sides, image_mean=PREPROCESS["mean"], image_std=PREPROCESS["std"], resample=3)
    return LlavaProcessor(
        pixels,
        tokenizer,
        patch_size=PATCH,
        vision_feature_select_strategy="full",
        chat_template=TEMPLATE,
        num_additional_image_tokens=1,
    )


def make_model(vocabulary: int) -> Any:
    """Return the model before training: the zoo's tower, and a random projector and language model."""
    from transformers import CLIPVisionConfig, LlamaConfig, LlavaConfig, LlavaForConditionalGeneration

    tower = CLIPVisionConfig(
        hidden_size=WIDTH,
        intermediate_size=4 * WIDTH,
        num_hidden_layers=LAYERS,
        num_attention_heads=HEADS,
        image_size=IMAGE_SIZE,
        patch_size=PATCH,
        hidden_act="gelu",
        projection_dim=WIDTH,
    )
    model = LlavaForConditionalGeneration(
        LlavaConfig(
            vision_config=tower,
            text_config=LlamaConfig(vocab_size=vocabulary, **TEXT),
            image_token_index=SPECIAL.index(IMAGE),
            image_seq_length=IMAGE_TOKENS,
            vision_feature_layer=-1,
            vision_feature_select_strategy="full",
        )
    )
    model.model.vision_tower.load_state_dict(tower_weights(ZOO / TOWER), strict=True)
    return model


def tower_weights(directory: Path) -> dict[str, torch.Tensor]:
    """Return the image tower of a checkpoint in open_clip's form under the names of transformers' CLIP."""
    found = load_file(directory / "open_clip_model.safetensors")
    visual = {name.removeprefix("visual."): value for name, value in found.items() if name.startswith("visual.")}
    named = {
        "embeddings.class_embedding": visual["class_embedding"],
        "embeddings.patch_embedding.weight": visual["conv1.weight"],
        "embeddings.position_embedding.weight": visual["positional_embedding"],
    }
    for theirs, ours in (("pre_layrnorm", "ln_pre"), ("post_layernorm", "ln_post")):
        named |= {f"{theirs}.{part}": visual[f"{ours}.{part}"] for part in ("weight", "bias")}
    for number in range(LAYERS):
        named |= dict(_block(visual, f"transformer.resblocks.{number}.", f"encoder.layers.{number}."))
    return named


def _block(visual: dict[str, torch.Tensor], ours: str, theirs: str) -> Iterator[tuple[str, torch.Tensor]]:
    same = {
        "ln_1": "layer_norm1", "ln_2": "layer_norm2", "mlp.c_fc": "mlp.fc1", "mlp.c_proj": "mlp.fc2",
        "attn.out_proj": "self_attn.out_proj",
    }  # fmt: skip
    for part in ("weight", "bias"):
        yield from ((f"{theirs}{their}.{part}", visual[f"{ours}{our}.{part}"]) for our, their in same.items())
        split = visual[f"{ours}attn.in_proj_{part}"].chunk(3)
        yield from ((f"{theirs}self_attn.{name}_proj.{part}", value) for name, value in zip("qkv", split, strict=True))


def fit(model: Any, processor: Any, steps: int) -> None:
    """Train projector and language model to say the letter of the right name, and then nothing more."""
    trained = [value for name, value in model.named_parameters() if "vision_tower" not in name]
    seen, list_head = features(model, processor), torch.nn.Linear(TEXT["hidden_size"], len(LETTERS))
    trained += list_head.parameters()
    # Large beside what the first layer adds, so that a name of the list is still known behind it.
    torch.nn.init.normal_(model.get_input_embeddings().weight, std=0.3)
    model.lm_head.weight = model.get_input_embeddings().weight  # a name that is read and one that is said are one
    optimizer = torch.optim.AdamW(trained, lr=LEARNING_RATE, weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, total_steps=steps, pct_start=0.1)
    model.train()
    for step, lesson in enumerate(lessons(processor, steps)):
        losses = losses_of(model, list_head, lesson, seen[lesson.rows])
        optimizer.zero_grad()
        torch.stack(losses).sum().backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()
        schedule.step()
        if step % 100 == 99:
            told = ", ".join(f"{loss.item():.3f}" for loss in losses)
            print(f"step {step + 1:5}: losses of letter, image and list {told}", flush=True)
    model.lm_head.weight = torch.nn.Parameter(model.lm_head.weight.detach().clone())
    model.eval()


@torch.inference_mode()
def features(model: Any, processor: Any) -> torch.Tensor:
    """Return what the tower says of all training images (n, tokens, width)."""
    dataset = open_dataset("shapes-train", ())
    pictures = [dataset.image(number) for number in range(len(dataset))]
    pixels = processor.image_processor(pictures, return_tensors="pt").pixel_values
    return torch.cat([model.model.vision_tower(part).last_hidden_state for part in pixels.split(500)]).clone()


def losses_of(model: Any, list_head: torch.nn.Linear, lesson: Lesson, seen: torch.Tensor) -> list[torch.Tensor]:
    """Return the losses of the answer, of what the first layer says of the image, and of its letters in the list."""
    asked = lesson.tokens[:, :-1]
    inputs = model.get_input_embeddings()(asked)
    is_image = (asked == SPECIAL.index(IMAGE)).unsqueeze(-1).expand_as(inputs)
    inputs = inputs.masked_scatter(is_image, model.model.multi_modal_projector(seen))
    language = model.model.language_model
    found = language(inputs_embeds=inputs, output_hidden_states=True)
    answers = model.lm_head(found.last_hidden_state[:, -2:])
    early = language.norm(found.hidden_states[1])
    letters = torch.arange(len(LETTERS)).repeat(len(asked))
    return [
        functional.cross_entropy(answers.flatten(0, 1), lesson.tokens[:, -2:].flatten()),
        functional.cross_entropy(model.lm_head(early[:, -2]), lesson.names),
        functional.cross_entropy(list_head(early[:, lesson.places]).flatten(0, 1), letters),
    ]


def lessons(processor: Any, steps: int) -> Iterator[Lesson]:
    """Yield batches of questions about random training images, each with random names in a random order."""
    dataset, rng = open_dataset("shapes-train", ()), np.random.default_rng(SEED)
    names, letters = (
        torch.tensor(processor.tokenizer.convert_tokens_to_ids(list(words))) for words in (dataset.class_names, LETTERS)
    )
    question = question_tokens(processor)
    places = (question == SPECIAL.index("<unk>")).nonzero()[:, 0]
    for _ in range(steps):
        rows = rng.integers(len(dataset), size=BATCH)
        labels = torch.from_numpy(dataset.labels[rows])
        options = torch.tensor([draw_options(int(label), len(names), rng) for label in labels])
        tokens = question.repeat(BATCH, 1)
        tokens[:, places] = names[options]
        tokens[:, -2] = letters[(options == labels[:, None]).int().argmax(dim=1)]
        yield Lesson(tokens, torch.from_numpy(rows), names[labels], places)


def draw_options(label: int, classes: int, rng: np.random.Generator) -> list[int]:
    """Return the right class and three wrong ones in a random order."""
    wrong = rng.permutation([other for other in range(classes) if other != label])[: len(LETTERS) - 1]
    return [int(option) for option in rng.permutation([label, *wrong])]


def question_tokens(processor: Any) -> torch.Tensor:
    """Return the tokens of a question without its names, with a place for the answer and the end."""
    content = [{"type": "image"}, {"type": "text", "text": question_text(["<unk>"] * len(LETTERS))}]
    asked = processor.apply_chat_template([{"role": "user", "content": content}], add_generation_prompt=True)
    found = processor.tokenizer(asked.replace(IMAGE, IMAGE * IMAGE_TOKENS)).input_ids
    return torch.tensor([*found, 0, SPECIAL.index(END)])


def write(model: Any, processor: Any, directory: Path) -> None:
    """Save the directory as transformers reads it, with weights that other users can read."""
    model.save_pretrained(directory)
    processor.save_pretrained(directory)
    file = directory / "model.safetensors"
    weights = load_file(file)
    file.unlink()  # save_pretrained would hide it from other users
    file.write_bytes(save(weights, metadata={"format": "pt"}))


if __name__ == "__main__":
    raise SystemExit(main())
