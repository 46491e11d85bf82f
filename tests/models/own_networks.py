# SPDX-License-Identifier: Apache-2.0
"""Networks that torchvision has none of, written out with torch.nn alone and seeded weights."""
import math

import torch
from torch import nn


def draw(model, gen):
    for m in model.modules():
        if isinstance(m, nn.Linear):
            m.weight.copy_(torch.randn(m.weight.shape, generator=gen) / math.sqrt(m.in_features))
            m.bias.copy_(torch.randn(m.bias.shape, generator=gen) * 0.1)
        elif isinstance(m, (nn.Embedding, nn.EmbeddingBag)):
            m.weight.copy_(torch.randn(m.weight.shape, generator=gen))
        elif isinstance(m, nn.LayerNorm):
            m.weight.copy_(1 + 0.2 * torch.randn(m.weight.shape, generator=gen))
            m.bias.copy_(0.2 * torch.randn(m.bias.shape, generator=gen))
    return model.eval()


def tokens(vocabulary, length):
    def make(count, seed):
        return {"tokens": torch.randint(0, vocabulary, (count, length), generator=torch.Generator().manual_seed(seed))}
    return make


class CausalBlock(nn.Module):
    """A block of GPT-2 (Radford et al., 2019): normalisation first, one product for queries, keys and values."""
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.join = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.widen, self.narrow = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def attend(self, x):
        batch, length, width = x.shape
        q, k, v = (part.view(batch, length, self.heads, width // self.heads).transpose(1, 2) for part in self.qkv(x).split(width, 2))
        scores = q @ k.transpose(-1, -2) / math.sqrt(width // self.heads)
        past = torch.tril(torch.ones(length, length, dtype=torch.bool))
        scores = scores.masked_fill(~past, float("-inf"))
        return self.join((scores.softmax(-1) @ v).transpose(1, 2).reshape(batch, length, width))

    def forward(self, x):
        x = x + self.attend(self.norm1(x))
        hidden = self.widen(self.norm2(x))
        gelu = 0.5 * hidden * (1 + torch.tanh(math.sqrt(2 / math.pi) * (hidden + 0.044715 * hidden ** 3)))
        return x + self.narrow(gelu)


class Gpt2(nn.Module):
    def __init__(self, layers, width, heads, vocabulary, positions):
        super().__init__()
        self.word, self.position = nn.Embedding(vocabulary, width), nn.Embedding(positions, width)
        self.blocks = nn.ModuleList(CausalBlock(width, heads) for _ in range(layers))
        self.norm = nn.LayerNorm(width)

    def forward(self, ids):
        x = self.word(ids) + self.position(torch.arange(ids.shape[1]))
        for block in self.blocks:
            x = block(x)
        return self.norm(x) @ self.word.weight.t() / math.sqrt(x.shape[2])


def gpt2_small(layers=12):
    return draw(Gpt2(layers, 768, 12, 50257, 1024), torch.Generator().manual_seed(2019))


class EncoderDecoder(nn.Module):
    """The transformer of Vaswani et al. (2017), base width, a sentence of 32 tokens and 24 that are already translated."""
    def __init__(self, vocabulary=8000, width=512):
        super().__init__()
        self.word, self.position = nn.Embedding(vocabulary, width), nn.Parameter(torch.zeros(64, width))
        self.core = nn.Transformer(width, 8, 6, 6, 2048, dropout=0.0, batch_first=True, norm_first=True)
        self.out = nn.Linear(width, vocabulary)

    def forward(self, source, target):
        embed = lambda ids: self.word(ids) + self.position[: ids.shape[1]]
        future = torch.triu(torch.full((target.shape[1], target.shape[1]), float("-inf")), 1)
        return self.out(self.core(embed(source), embed(target), tgt_mask=future))


def encoder_decoder():
    gen = torch.Generator().manual_seed(2017)
    torch.manual_seed(2017)  # nn.Transformer draws its projections itself
    model = draw(EncoderDecoder(), gen)
    model.position.copy_(torch.randn(model.position.shape, generator=gen))
    return model


def sentence_pair(count, seed):
    gen = torch.Generator().manual_seed(seed)
    return {"source": torch.randint(0, 8000, (count, 32), generator=gen), "target": torch.randint(0, 8000, (count, 24), generator=gen)}


class Tagger(nn.Module):
    """A sequence tagger: embedding, two bidirectional recurrent layers (nn.LSTM or nn.GRU), a score for each of 17 tags a token."""
    def __init__(self, layer=nn.LSTM):
        super().__init__()
        torch.manual_seed(1997)
        self.word, self.layers, self.out = nn.Embedding(20000, 128), layer(128, 256, 2, batch_first=True, bidirectional=True), nn.Linear(512, 17)
        draw(self, torch.Generator().manual_seed(1997))
        for parameter in self.layers.parameters():  # wide enough for the gates to open and close
            parameter.mul_(2)

    def forward(self, ids):
        return self.out(self.layers(self.word(ids))[0])


class SuperResolver(nn.Module):
    """EDSR's baseline (Lim et al., 2017): 16 residual blocks of 64 channels without normalisation, pixel shuffle by 2."""
    def __init__(self, blocks=16, width=64):
        super().__init__()
        conv = lambda cin, cout: nn.Conv2d(cin, cout, 3, padding=1)
        self.head = conv(3, width)
        self.body = nn.ModuleList(nn.Sequential(conv(width, width), nn.ReLU(), conv(width, width)) for _ in range(blocks))
        self.join = conv(width, width)
        self.tail = nn.Sequential(conv(width, 4 * width), nn.PixelShuffle(2), conv(width, 3))

    def forward(self, x):
        x = first = self.head(x)
        for block in self.body:
            x = x + 0.1 * block(x)
        return self.tail(first + self.join(x))


class Recommender(nn.Module):
    """DLRM (Naumov et al., 2019): 13 numbers and 26 categories of a visit, their embeddings' products in pairs, the chance of a click."""
    kTables, kRows, kWidth = 26, 10000, 16

    def __init__(self):
        super().__init__()
        self.tables = nn.ModuleList(nn.Embedding(self.kRows, self.kWidth) for _ in range(self.kTables))
        mlp = lambda *sizes: nn.Sequential(*(m for a, b in zip(sizes, sizes[1:]) for m in (nn.Linear(a, b), nn.ReLU())))
        self.bottom = mlp(13, 512, 256, 64, self.kWidth)
        pairs = (self.kTables + 1) * self.kTables // 2
        self.top = nn.Sequential(mlp(pairs + self.kWidth, 512, 256), nn.Linear(256, 1), nn.Sigmoid())
        i, j = torch.tril_indices(self.kTables + 1, self.kTables + 1, -1)
        self.register_buffer("pairs", i * (self.kTables + 1) + j)
        draw(self, torch.Generator().manual_seed(2019))

    def forward(self, numbers, categories):
        dense = self.bottom(numbers)
        parts = torch.stack([dense] + [table(categories[:, i]) for i, table in enumerate(self.tables)], 1)
        products = (parts @ parts.transpose(1, 2)).flatten(1)[:, self.pairs]
        return self.top(torch.cat((dense, products), 1))


def visits(count, seed):
    gen = torch.Generator().manual_seed(seed)
    return {"numbers": torch.randn(count, 13, generator=gen), "categories": torch.randint(0, Recommender.kRows, (count, Recommender.kTables), generator=gen)}
