"""What a command says when it cannot go on."""


class CommandError(Exception):
    """A command that cannot go on; the message is one sentence with the remedy, shown as it is."""
