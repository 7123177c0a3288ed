"""Running torch modules: the device, the precision, and errors of torch in our words."""

from __future__ import annotations

import pickle
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from robustcheck.errors import ModelError, SetupError
from robustcheck.listing import name_first
from robustcheck.models.encoders import Precision
from robustcheck.models.geometry import Crop, Normalisation
from robustcheck.models.lanes import lane_to
from robustcheck.models.model_errors import is_out_of_memory, reason_of
from robustcheck.values import ModelRef

if TYPE_CHECKING:
    import torch

_KEYS_SHOWN = 3
# The kernels of a processor take rows several at a time and add up the left-over ones in another order, so that
# an image's last bits depend on its batch. With whole groups they do not: docs/noise.md has the measurement.
_ROWS_AT_ONCE = 16

T = TypeVar("T")
Module = TypeVar("Module", bound=Any)


def resolve_device(device: str) -> torch.device:
    """Return the torch device of a name; ``auto`` is cuda where there is one."""
    import torch

    name = ("cuda" if torch.cuda.is_available() else "cpu") if device == "auto" else device
    try:
        resolved = torch.device(name)
        torch.empty(0, device=resolved)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise SetupError(f"the device {device!r} cannot be used ({reason})", expected="auto, cpu or cuda") from error
    return resolved


@contextmanager
def running(device: torch.device, precision: Precision, *, gradients: bool = False) -> Iterator[None]:
    """Run in the given precision, with deterministic kernels and real float32; without gradients unless asked."""
    import torch

    with ExitStack() as stack:
        stack.enter_context(torch.enable_grad() if gradients else torch.inference_mode())
        # TF32 would make fp32 convolutions and products on recent GPUs 10-bit ones.
        stack.enter_context(torch.backends.cudnn.flags(benchmark=False, deterministic=True, allow_tf32=False))
        stack.enter_context(_whole_products())
        if device.type == "cuda":
            stack.enter_context(_chosen_attention())
        if precision != "fp32":
            dtype = torch.float16 if precision == "fp16" else torch.bfloat16
            stack.enter_context(torch.autocast(device.type, dtype=dtype))
        try:
            yield
        except RuntimeError as error:
            raise _failed_forward(error) from error


@contextmanager
def _whole_products() -> Iterator[None]:
    """Multiply matrices of float32 in float32, whatever the program around us has chosen."""
    import torch

    before = torch.get_float32_matmul_precision()
    if before == "highest":
        yield
        return
    torch.set_float32_matmul_precision("highest")
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)


def _chosen_attention() -> AbstractContextManager[None]:
    """Leave out cuDNN's attention, whose choice of kernel changes with its version and the shape."""
    from torch.nn.attention import SDPBackend, sdpa_kernel

    kernels = [SDPBackend.FLASH_ATTENTION, SDPBackend.EFFICIENT_ATTENTION, SDPBackend.MATH]
    found: AbstractContextManager[None] = sdpa_kernel(kernels)
    return found


def on_device(model: Module, device: torch.device, precision: Precision) -> Module:
    """Return a module on its device, ready to run; convolutions of half precision in the order that a card wants.

    Tensor cores take channels last. In float32 they are not used, and on a processor the last bits would change.
    """
    import torch

    ready: Module = model.to(device).eval()
    if device.type == "cuda" and precision != "fp32" and is_convolutional(ready):
        ready.to(memory_format=torch.channels_last)
    return ready


def is_convolutional(model: Any) -> bool:
    """Say whether a module convolves beyond its first layer: a ViT cuts patches with one convolution."""
    import torch

    return sum(isinstance(module, torch.nn.Conv2d) for module in model.modules()) > 1


def has_channels_last(model: Any) -> bool:
    """Say whether the convolutions of a module have their channels last in memory."""
    import torch

    weights = (module.weight for module in model.modules() if isinstance(module, torch.nn.Conv2d))
    wide = next((weight for weight in weights if weight.shape[1] > 1 and weight.shape[2] > 1), None)
    return wide is not None and not wide.is_contiguous()


def _failed_forward(error: RuntimeError) -> Exception:
    import torch

    if is_out_of_memory(error):
        torch.cuda.empty_cache()
        return MemoryError(reason_of(error))
    return ModelError(f"the model failed on a batch ({reason_of(error)})", expected="a model that takes its input")


def stack_pixels(crops: Sequence[Crop], device: torch.device) -> torch.Tensor:
    """Return crops as (n, 3, H, W) in [0, 1] on the device; on a processor the last is repeated to whole groups.

    The caller keeps the outputs of the first ``len(crops)`` rows.
    """
    return as_pixels(lane_to(device, lambda rows: fill_rows(rows, device)).bring(crops))


def as_pixels(crops: torch.Tensor, *, channels_last: bool = False) -> torch.Tensor:
    """Return crops (n, H, W, 3) of uint8 as (n, 3, H, W) in [0, 1], in memory as the model has its weights."""
    import torch

    # Divided by a tensor of the device: for a plain number, CUDA multiplies by its rounded inverse.
    turned = crops.permute(0, 3, 1, 2)
    return (turned if channels_last else turned.contiguous()).float() / torch.tensor(255.0, device=crops.device)


def fill_rows(rows: Sequence[T], device: torch.device) -> list[T]:
    """Return rows with the last one repeated to whole groups on a processor."""
    return [*rows, *([rows[-1]] * (-len(rows) % _ROWS_AT_ONCE if device.type == "cpu" else 0))]


def normalised(pixels: torch.Tensor, normalisation: Normalisation) -> torch.Tensor:
    """Return (x - mean) / std of pixels (n, 3, H, W) in [0, 1], in float32 as torchvision calculates it."""
    import torch

    mean, std = (
        torch.tensor(values, dtype=torch.float32, device=pixels.device).view(-1, 1, 1)
        for values in (normalisation.mean, normalisation.std)
    )
    return (pixels - mean) / std


def unit_rows(features: torch.Tensor) -> torch.Tensor:
    """Return features at unit L2 norm, normalised in float32 whatever the precision was."""
    from torch.nn import functional

    return functional.normalize(features.float(), dim=-1)


def loaded(ref: ModelRef, load: Callable[[], T]) -> T:
    """Call a loader of weights; raise ModelError in words for what a bad checkpoint makes it raise.

    Raises MemoryError where it is not the checkpoint but the memory.
    """
    from safetensors import SafetensorError

    try:
        return load()
    except pickle.UnpicklingError as error:
        raise _refused_pickle(ref) from error
    except (SafetensorError, OSError, EOFError) as error:
        raise MemoryError(reason_of(error)) if is_out_of_memory(error) else _unreadable(ref, error) from error
    except (RuntimeError, ValueError, KeyError, TypeError, AttributeError, IndexError, AssertionError) as error:
        raise MemoryError(reason_of(error)) if is_out_of_memory(error) else _mismatch(ref, error) from error
    except StopIteration as error:
        raise ModelError("the checkpoint holds no weights", where=ref.text) from error


def _refused_pickle(ref: ModelRef) -> ModelError:
    return ModelError(
        "the checkpoint holds pickled objects, which are never executed",
        where=ref.text,
        expected="safetensors, or a torch file of tensors only",
        fix="save model.state_dict() with safetensors.torch.save_file or torch.save",
    )


def _unreadable(ref: ModelRef, error: Exception) -> ModelError:
    return ModelError(
        f"the checkpoint cannot be read ({reason_of(error)})",
        where=ref.text,
        expected="a whole safetensors or torch file",
        fix="copy or download it again",
    )


def _mismatch(ref: ModelRef, error: Exception) -> ModelError:
    text = str(error)
    if "weights_only" in text or "Weights only" in text:
        return _refused_pickle(ref)
    if "PytorchStreamReader" in text or "zip archive" in text:
        return _unreadable(ref, error)
    return ModelError(
        f"the checkpoint does not fit the architecture {ref.architecture}: {mismatch_text(text)}",
        where=ref.text,
        expected=f"weights of {ref.architecture}",
        fix="name the architecture that the checkpoint was trained with",
    )


def mismatch_text(message: str) -> str:
    """Shorten torch's message about a state dict to its first few missing, unexpected and resized keys."""
    parts = []
    for word in ("Missing", "Unexpected"):
        match = re.search(rf"{word} key\(s\) in state_dict: (.*?)\. ?(?:\n|$)", message, re.DOTALL)
        keys = re.findall(r'"([^"]+)"', match[1]) if match else []
        parts += [f"{word.lower()} {name_first(keys, _KEYS_SHOWN)}"] if keys else []
    sizes = re.findall(r"size mismatch for ([^:]+):", message)
    parts += [f"another size of {name_first(sizes, _KEYS_SHOWN)}"] if sizes else []
    return "; ".join(parts) or (message.splitlines() or ["unknown reason"])[0]
