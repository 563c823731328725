"""Max-of-K margins of every input, by tables: scores and logit contributions depend on one token at a time."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import Final

import torch
from torch import Tensor
from tqdm import tqdm

from leanbound.families.attention_only.model import AttentionOnly

_BLOCK_ENTRIES: Final = 2**19  # float64 entries of one block: stays in the cache


@dataclass(frozen=True)
class Tables:
    """One head, seen from the last position, which holds the query token a; all float64, V tokens, K positions."""

    weights: Tensor
    """[a, i, t]: the attention weight of token t at position i, before normalisation, at most 1."""
    direct: Tensor
    """[a, o]: what the last position and all biases of the output add to logit o."""
    moved: Tensor
    """[i, t, o]: what attention to token t at position i adds to logit o."""


@dataclass(frozen=True)
class Block:
    """Some inputs with one query token; both tensors have the same shape, one entry for each input."""

    tokens: Callable[[tuple[int, ...]], tuple[int, ...]]
    """The input behind an index of the tensors."""
    margins: Tensor
    """The logit of the target less the largest other logit, times the sum of the attention weights."""
    totals: Tensor
    """The sum of the attention weights."""


def tables(model: AttentionOnly) -> Tables:
    """The tables of a model with one head, in float64."""
    w = {name: value.detach().double() for name, value in model.named_parameters()}
    zero = torch.zeros((), dtype=torch.float64)
    b = {name: w.get(name, zero) for name in ("b_Q", "b_K", "b_V", "b_O", "b_U")}
    x = w["W_E"] + w["W_pos"][:, None]  # [i, t, d]
    query = (x[-1] @ w["W_Q"][0] + b["b_Q"]) / model.config.d_head**0.5  # [a, h]
    scores = torch.einsum("ah,ith->ait", query, x @ w["W_K"][0] + b["b_K"])
    top = scores.amax(dim=(1, 2), keepdim=True)
    direct = (x[-1] + b["b_O"]) @ w["W_U"] + b["b_U"]
    moved = (x @ w["W_V"][0] + b["b_V"]) @ w["W_O"][0] @ w["W_U"]
    return Tables((scores - top).exp(), direct, moved)


def blocks(table: Tables, progress: bool = False) -> Iterator[Block]:
    """Every input of the space, in blocks that fit the cache. `progress` shows a bar on standard error."""
    d_vocab, n_ctx = table.weights.shape[0], table.weights.shape[1]
    free = 0
    while free < n_ctx - 1 and d_vocab ** (free + 2) <= _BLOCK_ENTRIES:
        free += 1
    fixed = n_ctx - 1 - free
    with tqdm(total=d_vocab**n_ctx, desc="every input", unit="input", unit_scale=True, disable=not progress) as bar:
        for query in range(d_vocab):
            weights = table.weights[query]  # [i, t]
            terms = weights[..., None] * (table.moved + table.direct[query])  # [i, t, o]
            for prefix in product(range(d_vocab), repeat=fixed):
                yield _block(query, prefix, weights, terms)
                bar.update(d_vocab**free)


def _block(query: int, prefix: tuple[int, ...], weights: Tensor, terms: Tensor) -> Block:
    """One block: `weights` [i, t] and `terms` [i, t, o] are those of the query."""
    n_ctx, d_vocab = weights.shape
    known = [*enumerate(prefix), (n_ctx - 1, query)]
    logits = torch.stack([terms[i, t] for i, t in known]).sum(0)  # [o], then one axis more for each free position
    total = torch.stack([weights[i, t] for i, t in known]).sum(0)
    target = torch.tensor(max(t for _, t in known))
    tokens = torch.arange(d_vocab)
    for i in range(len(prefix), n_ctx - 1):
        logits = logits.unsqueeze(-2) + terms[i]
        total = total.unsqueeze(-1) + weights[i]
        target = torch.maximum(target.unsqueeze(-1), tokens)
    right = logits.gather(-1, target.unsqueeze(-1)).squeeze(-1)
    wrong = logits.scatter_(-1, target.unsqueeze(-1), -torch.inf).amax(-1)
    return Block(lambda index: (*prefix, *index, query), right - wrong, total)


def sample_block(table: Tables, sequences: Tensor) -> Block:
    """The inputs `sequences` [n, K]."""
    query, positions = sequences[:, -1:], torch.arange(sequences.shape[1])
    weights = table.weights[query, positions, sequences]  # [n, i]
    values = table.moved[positions, sequences] + table.direct[query]  # [n, i, o]
    logits = (weights.unsqueeze(-1) * values).sum(1)
    target = sequences.amax(1, keepdim=True)
    right = logits.gather(-1, target).squeeze(-1)
    wrong = logits.scatter_(-1, target, -torch.inf).amax(-1)
    return Block(lambda index: tuple(sequences[index[0]].tolist()), right - wrong, weights.sum(1))
