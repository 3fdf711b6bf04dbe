"""Writes a program to `model.octavo`, a safetensors file, and reads it back."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from octavo.program.document import from_document, parse, to_document
from octavo.program.errors import FormatError
from octavo.program.types import Program
from octavo.program.verify import verify

FORMAT = "octavo"
FORMAT_VERSION = 1

# NumPy's name of a dtype → the one in a safetensors header.
_TENSOR_DTYPES = {"float32": "F32", "uint8": "U8", "int8": "I8", "int32": "I32", "int64": "I64"}
_METADATA = ("checksum", "format", "format_version", "program")


def save(program: Program, path: str | os.PathLike[str]) -> None:
    """Write a program to a file, whole or not at all. The same program gives the same bytes.

    Args:
        program: verified before anything is written.
        path: the file to write or replace.

    Raises:
        VerifyError: the program breaks a rule.
        OSError: the file cannot be written; what was there before is untouched.
    """
    verify(program)
    target = Path(os.path.realpath(path))
    if target.exists() and not target.is_file():
        raise FileExistsError(f"{path}: exists and is not a file")
    temporary = target.with_name(f".octavo-{os.urandom(6).hex()}.tmp")
    try:
        with temporary.open("xb") as stream:
            for part in _parts(program):
                stream.write(part)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, target)  # noqa: PTH105 - one atomic step
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def load(path: str | os.PathLike[str]) -> Program:
    """Read a program from a file and verify it.

    Raises:
        FormatError: the file is not a program, is truncated or altered, is of a newer version, or breaks a rule; the
            message names the file and the field.
        OSError: the file cannot be read.
    """
    with naming(path):
        program = read(path)
        verify(program)
    return program


def read(path: str | os.PathLike[str]) -> Program:
    """Read a program from a file without verifying it: for who hands it to what verifies it, as the runtime does.

    Raises:
        FormatError: the file is not a program, is truncated or altered, or is of a newer version; see `naming`.
        OSError: the file cannot be read.
    """
    metadata, tensors = _read(path)
    _check_metadata(metadata, tensors)
    return from_document(parse(metadata["program"]), tensors)


@contextmanager
def naming(path: str | os.PathLike[str]) -> Iterator[None]:
    """Put the name of the file before what is wrong with the program in it."""
    try:
        yield
    except FormatError as error:
        raise type(error)(f"{os.fspath(path)}: {error}") from error
    except RecursionError:
        raise FormatError(f"{os.fspath(path)}: program: the JSON is nested too deep") from None


def file_size(program: Program) -> int:
    """Count the bytes of the file that `save` writes."""
    return sum(memoryview(part).nbytes for part in _parts(program))


def _parts(program: Program) -> Iterator[Any]:
    """Yield the bytes of the file: length of the header, header, tensors (the widest dtype first, so all aligned).

    The header is written here and not by the safetensors library, which orders metadata at random.
    """
    text = json.dumps(to_document(program), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    tensors = {name: np.ascontiguousarray(program.constants[name]) for name in program.constants}
    order = sorted(tensors, key=lambda name: (-tensors[name].itemsize, name))
    metadata = {
        "checksum": _checksum(text, tensors),
        "format": FORMAT,
        "format_version": str(FORMAT_VERSION),
        "program": text,
    }
    header: dict[str, Any] = {"__metadata__": metadata}
    end = 0
    for name in order:
        begin, end = end, end + tensors[name].nbytes
        dtype = _TENSOR_DTYPES[tensors[name].dtype.name]
        header[name] = {"dtype": dtype, "shape": list(tensors[name].shape), "data_offsets": [begin, end]}
    encoded = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    encoded += b" " * (-len(encoded) % 8)
    yield len(encoded).to_bytes(8, "little")
    yield encoded
    for name in order:
        yield tensors[name].data


def _read(path: str | os.PathLike[str]) -> tuple[Mapping[str, str], dict[str, np.ndarray]]:
    """Return the metadata and the tensors of a safetensors file.

    The library checks the header; the tensors are read without it, which would map the file into memory beside them.
    """
    from safetensors import SafetensorError, safe_open

    if not Path(path).is_file():
        raise FileNotFoundError(f"{os.fspath(path)}: there is no such file")
    dtypes = {code: name for name, code in _TENSOR_DTYPES.items()}
    described: dict[str, tuple[str, list[int]]] = {}
    try:
        with safe_open(os.fspath(path), framework="numpy") as file:
            metadata = file.metadata()
            for name in file.keys():  # noqa: SIM118 - not a dict
                part = file.get_slice(name)
                if part.get_dtype() not in dtypes:
                    raise FormatError(
                        f"tensor '{name}': dtype is {part.get_dtype()}, expected one of {', '.join(dtypes)}"
                    )
                described[name] = dtypes[part.get_dtype()], part.get_shape()
    except SafetensorError as error:
        raise FormatError(f"not a whole safetensors file ({error}); it may be truncated or altered") from error
    tensors = {}
    with Path(path).open("rb") as stream:
        header = json.loads(stream.read(int.from_bytes(stream.read(8), "little")))
        start = stream.tell()
        for name, (dtype, shape) in described.items():
            stream.seek(start + header[name]["data_offsets"][0])
            tensors[name] = np.empty(shape, dtype)
            if stream.readinto(tensors[name].reshape(-1).view(np.uint8)) != tensors[name].nbytes:
                raise FormatError(f"tensor '{name}': the file ends before it does; it is being written to")
    return metadata or {}, tensors


def _check_metadata(metadata: Mapping[str, str], tensors: Mapping[str, np.ndarray]) -> None:
    if metadata.get("format") != FORMAT:
        raise FormatError(f"format: got {metadata.get('format')!r:.80}, expected {FORMAT!r}; this is no octavo program")
    version = metadata.get("format_version", "")
    if not (version.isascii() and version.isdigit() and len(version) < 10 and int(version) > 0):
        raise FormatError(f"format_version: got {version!r:.80}, expected a number from 1")
    if int(version) > FORMAT_VERSION:
        raise FormatError(
            f"format_version: the file is of version {version}, this octavo reads up to {FORMAT_VERSION}:"
            " upgrade octavo"
        )
    if set(metadata) != set(_METADATA):
        raise FormatError(f"metadata: got the keys {sorted(metadata)}, expected {list(_METADATA)}")
    found = _checksum(metadata["program"], tensors)
    if metadata["checksum"] != found:
        raise FormatError(
            f"checksum: the file says {metadata['checksum']!r:.80}, its contents have {found}; the file was altered"
        )


def _checksum(text: str, tensors: Mapping[str, np.ndarray]) -> str:
    """Return the SHA-256 of the program's text and, by name, each tensor's `[name, dtype, shape]` in JSON and bytes."""
    digest = hashlib.sha256(text.encode())
    for name in sorted(tensors):
        array = tensors[name]
        described = [name, _TENSOR_DTYPES[array.dtype.name], list(array.shape)]
        digest.update(json.dumps(described, ensure_ascii=False, separators=(",", ":")).encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()
