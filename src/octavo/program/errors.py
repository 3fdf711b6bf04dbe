"""The errors that a program or its file can raise."""


class OctavoError(Exception):
    """Root of every error that Octavo raises on purpose."""


class FormatError(OctavoError, ValueError):
    """A file, or a field of it, is not a program."""


class VerifyError(FormatError):
    """A program breaks a rule of its operators' schema."""


class ShapeError(OctavoError, ValueError):
    """A shape does not fit the program or an operator."""
