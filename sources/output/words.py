"""The words of training logs: what counts, what measures, and what does neither."""

from __future__ import annotations

import re


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Axes, not metrics. `epoch` is the outer one; all others count within it or from the start.
EPOCH_WORDS = _words("epoch epochs ep")
STEP_WORDS = _words(
    "step steps global_step iter iters iteration iterations it batch round episode episodes update timestep "
    "timesteps total_timesteps num_timesteps batch_idx"
)
# A line that opens with one of them is about that part of the data.
SPLIT_WORDS = ("train", "validation", "valid", "val", "test", "eval", "dev")
# What people call a metric; by one of these words a line without `:` or `=` is known to be a report.
METRIC_WORDS = _words(
    "loss losses acc accuracy error err f1 fscore auc auroc auprc ap map mse mae rmse mape nrmse r2 ppl perplexity "
    "bleu rouge meteor reward rewards return returns score precision recall iou miou dice jaccard kappa mcc nll elbo "
    "kl bpc bpb wer cer psnr ssim fid lpips logloss likelihood entropy cost ndcg mrr hit specificity sensitivity "
    "inertia silhouette correlation pearson spearman top1 top5"
)
# Numbers that stand behind a name on many a line and measure nothing.
NEVER = (
    EPOCH_WORDS
    | STEP_WORDS
    | _words(
        "eta pid rank seed line port version v_num time_elapsed elapsed date support remaining progress completed "
        "using complete util utilization capability device devices gpu gpus world_size dropout momentum weight_decay "
        "dampening eps epsilon patience min_delta warmup maxdets args argv arguments"
    )
)
# How long a batch and its data took; with another word, as in `inference_time`, it may be what one tunes for.
NEVER_ALONE = _words("time data batch_time data_time")
# A whole number of these is how many there are.
COUNT_WORDS = _words(
    "number num count counter size sizes samples examples params parameters rows words sents sentences workers tokens "
    "entries images classes batches modules flops macs dim dims layers heads channels features width height"
)
LOG_LEVELS = _words("debug info warning warn error critical fatal")
# `Accuracy on the 10000 test images` is the accuracy.
PREPOSITIONS = _words("on over for in at from with after using across")
# In front of a number without `:` or `=` they make a sentence of it.
SENTENCE_WORDS = PREPOSITIONS | _words("of to is was and the by a than as or took used now went")
UNITS = _words(
    "s sec secs second seconds ms us μs µs ns min mins minute minutes h hour hours d days kb mb gb tb kib mib gib "
    "bytes b files entries hz"
)
LONGEST_NAME_WORDS = 5

CONSTANT = re.compile(r"(?:^|\W|_)[A-Z][A-Z0-9]*(?:_[A-Z0-9]+){2,}$")
_PARTS = re.compile(r"[^\W_]+")


def measures(name: str) -> bool:
    """Whether a name has one of the words by which people call a metric."""
    return not METRIC_WORDS.isdisjoint(in_words(name))


def is_never(name: str, value: float) -> bool:
    """Whether a number of this name is no metric."""
    word = name.lower()
    unit, _, per = word.partition("/")
    # `ms/batch` says how long something took.
    if word in NEVER or word in NEVER_ALONE or (unit in UNITS and per in STEP_WORDS | EPOCH_WORDS | UNITS):
        return True
    # A variable of the environment, as in a hint of what to set.
    if CONSTANT.search(name) and value == value // 1:
        return True
    # `train_loss_step` measures all the same.
    if measures(name):
        return False
    return word.rpartition("_")[2] in NEVER or (value == value // 1 and not COUNT_WORDS.isdisjoint(in_words(name)))


def in_words(name: str) -> set[str]:
    """The parts of a name, in lower case."""
    return set(_PARTS.findall(name.lower()))
