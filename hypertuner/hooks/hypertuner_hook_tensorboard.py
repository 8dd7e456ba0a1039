"""`SummaryWriter.add_scalar("loss", 0.3, 3)` of PyTorch and of tensorboardX."""

from hypertuner_hooks import record, wrapped


def follow(module):
    wrapped(module.SummaryWriter, "add_scalar", _tell)


def _tell(_writer, tag, scalar_value, global_step=None, *_, **__):
    record("SummaryWriter", {tag: scalar_value}, global_step)
