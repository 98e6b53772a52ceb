"""What can be wrong with what a user gives. Each message is one sentence: what was wrong, and what to do.

The command line prints it alone and exits with 2.
"""


class InputError(ValueError):
    """The parent of all below: something that was given can't be used."""


class ConfigError(InputError):
    """A setting that can't be; the message names it, what it got and what it takes."""


class PhotoError(InputError):
    """A photo that can't be read; the message names the file and says why."""


class DataError(InputError):
    """A data set that can't be had; the message says what was looked for and what to do."""


class ColorizerError(InputError):
    """A folder that holds no colorizer, or one that doesn't fit; the message says which and why."""


class TrainingError(InputError):
    """A training that can't go on; the message says why and what is left."""
