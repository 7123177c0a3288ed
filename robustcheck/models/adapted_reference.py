"""Read the adapters of a reference: ``A+wise-ft@B:alpha=0.5``, chained from left to right."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from robustcheck.errors import ModelError, did_you_mean
from robustcheck.models.adapter import Adapter, Setting, adapter_named, known_adapters
from robustcheck.models.kind import Reference, capabilities, safe_id
from robustcheck.values import AdapterUse, ModelRef, Pairs

_NAME = re.compile(r"\+([A-Za-z][\w-]*)(?=$|[@:])")
_USE = re.compile(r"(?P<name>[A-Za-z][\w-]*)(?:@(?P<argument>.*?))?(?P<options>(?::[A-Za-z_][\w-]*=[^:]*)*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Written:
    """A reference cut at its last adapter: the base, the adapter with argument and options, and the whole text."""

    base: str
    use: str
    text: str


def split_adapter(text: str, base: Path) -> Written | None:
    """Cut a reference at the last ``+NAME`` of a registered adapter; None without one, or for an existing file."""
    if "+" not in text or os.path.isfile(base / text):
        return None
    known = known_adapters()
    found = [match for match in _NAME.finditer(text) if match[1] in known and match.start() > 0]
    return Written(text[: found[-1].start()], text[found[-1].start() + 1 :], text) if found else None


def bare_reference(text: str, base: Path) -> str:
    """Return a reference without its adapters."""
    written = split_adapter(text, base)
    return text if written is None else bare_reference(written.base, base)


def unknown_adapter(text: str, base: Path) -> tuple[str, ModelError] | None:
    """Return what stands before the first ``+NAME`` that no package registers, and what is wrong if it is a model."""
    known = known_adapters()
    found = next((match for match in _NAME.finditer(text) if match[1] not in known and match.start() > 0), None)
    if found is None:
        return None
    error = ModelError(
        f"unknown adapter {found[1]!r}",
        where=text,
        expected=", ".join(known) or "an installed package that registers adapters",
        fix=did_you_mean(found[1], known),
    )
    return text[: found.start()], error


def adapt_reference(model: ModelRef, written: Written, base: Path, other: ModelRef | None) -> ModelRef:
    """Return a model with an adapter on it; ``other`` is the second model that the reference names."""
    matched = _USE.fullmatch(written.use)
    assert matched is not None, "it was cut where a name begins"
    adapter = adapter_named(matched["name"])
    _require_fit(adapter, model, written.text)
    file = _file(adapter, matched["argument"], Reference(written.use, written.text, base))
    options = _options(adapter, matched["options"], written.text)
    use = AdapterUse(adapter.name, adapter.sort, model, options, file, other)
    facets = dict(model.facets)
    chain = f"{facets['adapter']}+{adapter.name}" if "adapter" in facets else adapter.name
    return replace(
        model,
        id=f"{model.id}+{_label(use)}",
        text=written.text,
        facets=tuple(sorted({**facets, "adapter": chain}.items())),
        adapter=use,
    )


def named_argument(written: Written) -> str | None:
    """Return the reference to a second model, for an adapter that takes one."""
    matched = _USE.fullmatch(written.use)
    assert matched is not None, "it was cut where a name begins"
    adapter, argument = adapter_named(matched["name"]), matched["argument"]
    if adapter.argument != "model":
        return None
    if not argument:
        raise ModelError(f"{adapter.name} of which second model?", where=written.text, expected=_form(adapter))
    return str(argument)


def _require_fit(adapter: Adapter, model: ModelRef, text: str) -> None:
    lacking = adapter.requires - capabilities(model)
    if lacking:
        raise ModelError(
            f"{adapter.name} needs a model that {' and '.join(sorted(lacking))}, which {model.id} does not",
            where=text,
            expected="a CLIP model, such as openclip:ViT-B-16/openai" if "embeds text" in lacking else "",
        )
    if adapter.sort == "encoder" and model.encoder != model:
        raise ModelError(
            f"{adapter.name} changes the encoder below {model.adapters[-1].name}, which is on its outputs",
            where=text,
            fix=f"write +{adapter.name} before +{model.adapters[-1].name}",
        )


def _file(adapter: Adapter, argument: str | None, reference: Reference) -> str | None:
    if adapter.argument == "file":
        if not argument:
            raise ModelError(f"{adapter.name} from which file?", where=reference.text, expected=_form(adapter))
        return str(reference.file(argument))
    if adapter.argument == "nothing" and argument is not None:
        raise ModelError(f"{adapter.name} takes no @{argument}", where=reference.text, expected=_form(adapter))
    return None


def _options(adapter: Adapter, written: str, text: str) -> Pairs:
    settings = {setting.name: setting for setting in adapter.settings}
    known = [*settings, *(["train"] if adapter.learns else [])]
    found: dict[str, str] = {}
    for pair in written.split(":")[1:]:
        name, _, value = pair.partition("=")
        if name not in known:
            raise ModelError(
                f"{adapter.name} has no option {name!r}",
                where=text,
                expected=", ".join(known) or "no options",
                fix=did_you_mean(name, known),
            )
        if name in found:
            raise ModelError(f"{name} stands twice", where=text, expected=_form(adapter))
        found[name] = _canonical(settings[name], value, text) if name in settings else value
    _require_given(settings, found, text)
    return tuple(sorted((name, value) for name, value in found.items() if value != _default(settings, name)))


def _canonical(setting: Setting, value: str, text: str) -> str:
    try:
        return setting.canonical(value)
    except ValueError as error:
        raise ModelError(f"{setting.name} is {value!r}", where=text, expected=setting.expected) from error


def _require_given(settings: Mapping[str, Setting], found: Mapping[str, str], text: str) -> None:
    for name, setting in settings.items():
        if not setting.default and name not in found:
            raise ModelError(f"{name} is not given", where=text, expected=f":{name}= with {setting.expected}")


def _default(settings: Mapping[str, Setting], name: str) -> str | None:
    return settings[name].default if name in settings else None


def _form(adapter: Adapter) -> str:
    argument = {"nothing": "", "file": "@FILE", "model": "@MODEL"}[adapter.argument]
    return f"BASE+{adapter.name}{argument}" + "".join(f":{setting.name}=..." for setting in adapter.settings)


def _label(use: AdapterUse) -> str:
    """Return an adapter in an id: its name, the stem of its file or the other model, and its options."""
    argument = "" if use.file is None else f"@{Path(use.file).stem}"
    argument = argument if use.other is None else f"@{use.other.id}"
    return safe_id("".join((use.name, argument, *(f":{name}={value}" for name, value in use.options))))
