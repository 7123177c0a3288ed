"""Models of transformers that answer questions about an image: LLaVA 1.5, NeXT, OneVision and their like.

One question is asked at a time: with no padding an answer does not depend on what else is in a batch, and a prompt with
its image tokens is long enough to keep a device busy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from jinja2.exceptions import TemplateError
from PIL import Image

from robustcheck.errors import ModelError
from robustcheck.models.encoders import Features, Precision
from robustcheck.models.foreign_code import without_foreign_code
from robustcheck.models.geometry import UNCHANGED, WHOLE, Crop, Geometry, Normalisation
from robustcheck.models.hf_files import (
    find_model_directory,
    load_part,
    require_known_class,
    without_progress_bars,
)
from robustcheck.models.hf_weights import load_weights
from robustcheck.models.llava_kind import ANSWERING_FILES
from robustcheck.models.model_errors import reason_of
from robustcheck.models.torch_running import loaded, resolve_device, running
from robustcheck.values import ModelRef

if TYPE_CHECKING:
    import torch

_DTYPES: Mapping[Precision, str] = {"fp32": "float32", "fp16": "float16", "bf16": "bfloat16"}
# How vocabularies write the space before a word.
_SPACES = ("\u2581", "\u0120")


@dataclass(frozen=True, eq=False)
class HfAnswering:
    """A model that answers, on its device. Its processor takes whole pictures: it cuts them into tiles by itself."""

    model: Any
    processor: Any
    device: torch.device
    spelled: Mapping[str, tuple[int, ...]]
    geometry: Geometry = WHOLE
    normalisation: Normalisation = UNCHANGED

    def letter_logs(self, crop: Crop, question: str, letters: Sequence[str]) -> Features:
        """Return the log-probability (n,) of each letter as the next token after a question.

        A letter may be several tokens of a vocabulary, with a space before it or not; their probabilities are added.
        """
        import torch

        with self._running():
            found = self._generate(crop, question, 1)
            logs = torch.log_softmax(found.logits[0][0].float(), dim=-1)
            each = [torch.logsumexp(logs[list(self._tokens_of(letter))], dim=0) for letter in letters]
            return np.asarray(torch.stack(each).cpu().numpy(), dtype=np.float32)

    def answer(self, crop: Crop, question: str, most_tokens: int) -> str:
        """Return what the model writes after a question, always taking the likeliest token."""
        with self._running():
            found = self._generate(crop, question, most_tokens)
        written = found.sequences[0, -len(found.logits) :]
        return str(self.processor.tokenizer.decode(written, skip_special_tokens=True)).strip()

    def _generate(self, crop: Crop, question: str, most_tokens: int) -> Any:
        asked = {"max_new_tokens": most_tokens, "return_dict_in_generate": True, "output_logits": True}
        return self.model.generate(**self._inputs(crop, question), **asked)

    def _inputs(self, crop: Crop, question: str) -> Any:
        image = Image.fromarray(crop)
        content = [{"type": "image", "image": image}, {"type": "text", "text": question}]
        try:
            made = self.processor.apply_chat_template(
                [{"role": "user", "content": content}],
                add_generation_prompt=True,
                tokenize=True,
                return_dict=True,
                return_tensors="pt",
            )
        except TemplateError as error:
            raise ModelError(
                f"its chat template cannot be used ({reason_of(error)})",
                expected="a template that writes the question, without reaching for anything else",
            ) from error
        return made.to(self.device, dtype=self.model.dtype)

    def _running(self) -> Any:
        # The weights are in the run's precision already; autocast would do parts of the work in another one.
        return running(self.device, "fp32")

    def _tokens_of(self, letter: str) -> tuple[int, ...]:
        if letter not in self.spelled:
            raise ModelError(
                f"its vocabulary has no token for the letter {letter}", expected="a tokenizer with single letters"
            )
        return self.spelled[letter]


def load_answering(ref: ModelRef, device: str, precision: Precision) -> HfAnswering:
    """Load a directory or a repository of the hub, its weights in the precision of the run."""
    target = resolve_device(device)
    directory = find_model_directory(ref, ANSWERING_FILES)
    with without_progress_bars(), without_foreign_code():
        for part in ("Tokenizer", "ImageProcessor"):
            require_known_class(ref, directory, part)
        model = loaded(ref, lambda: load_weights(directory, "AutoModelForImageTextToText", _DTYPES[precision]))
        processor = load_part(ref, directory, "AutoProcessor")
    if not getattr(processor, "chat_template", None):
        raise ModelError(
            "it has no chat template, which says how a question is put to it",
            where=ref.text,
            expected="chat_template.jinja beside its processor",
            fix="save it again with processor.save_pretrained(DIRECTORY)",
        )
    model.generation_config = _likeliest_tokens(model.generation_config, processor.tokenizer)
    return HfAnswering(model.to(target).eval(), processor, target, spelled_letters(processor.tokenizer.get_vocab()))


def _likeliest_tokens(own: Any, tokenizer: Any) -> Any:
    """Return the settings of an answer that always takes the likeliest token, until one of a model's own ends.

    All else that comes with weights is left out: transformers would sample by it, or punish words that occurred before.
    """
    import transformers

    new_settings: Any = transformers.GenerationConfig
    ends = tokenizer.eos_token_id if own.eos_token_id is None else own.eos_token_id
    first_end = ends[0] if isinstance(ends, list) else ends
    padding = first_end if own.pad_token_id is None else own.pad_token_id
    return new_settings(do_sample=False, eos_token_id=ends, bos_token_id=own.bos_token_id, pad_token_id=padding)


def spelled_letters(vocabulary: Mapping[str, int]) -> dict[str, tuple[int, ...]]:
    """Return the tokens that spell each capital letter, alone or after a space.

    >>> spelled_letters({"A": 5, "\\u2581A": 3, "\\u0120B": 9, "AB": 7, "a": 1})
    {'A': (3, 5), 'B': (9,)}
    """
    found: dict[str, list[int]] = {}
    for token, place in vocabulary.items():
        bare = token.lstrip("".join(_SPACES)).strip()
        if len(bare) == 1 and "A" <= bare <= "Z":
            found.setdefault(bare, []).append(place)
    return {letter: tuple(sorted(found[letter])) for letter in sorted(found)}
