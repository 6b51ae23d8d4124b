"""The reference: PyTorch writing texts with a key/value cache, of the same architecture with random weights. Prints a line of JSON.

    python generation_pytorch.py '{"image": 96, "patch": 8, "channels": 1, "width": 128, "depth": 4, "heads": 4, "decoder": {"width": 128, "depth": 4,
        "heads": 4, "positions": 80}, "vocabulary": 4096, "batch": 32, "studies": 600, "tokens": 48, "searches": ["greedy", "beam", "nucleus"], "threads": 2}'

No text ends before its last token, as in the measured toolkit. Keys and values of the memory are projected once; those of self-attention are written to a
cache that is allocated once, and read up to the present token; beams read their own copies of both, as index_select gives them.
"""
import json
import sys
import time

started = time.perf_counter()
import torch
from torch import nn
from torch.nn import functional as F

case = json.loads(sys.argv[1])
torch.set_num_threads(case['threads'])
torch.manual_seed(0)
CLS, SEP = 2, 3


class Attention(nn.Module):
    def __init__(self, width, heads, memory=None):
        super().__init__()
        self.heads = heads
        self.q, self.out = nn.Linear(width, width), nn.Linear(width, width)
        self.k, self.v = nn.Linear(memory or width, width), nn.Linear(memory or width, width)

    def split(self, x):
        return x.view(x.shape[0], x.shape[1], self.heads, -1).transpose(1, 2)

    def project(self, x):
        return self.split(self.k(x)), self.split(self.v(x))

    def forward(self, x, keys, values):
        mixed = F.scaled_dot_product_attention(self.split(self.q(x)), keys, values)
        return self.out(mixed.transpose(1, 2).reshape(x.shape))


class FeedForward(nn.Sequential):
    def __init__(self, width):
        super().__init__(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))


class EncoderBlock(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention, self.ffn = Attention(width, heads), FeedForward(width)

    def forward(self, h):
        n = self.norm1(h)
        h = h + self.attention(n, *self.attention.project(n))
        return h + self.ffn(self.norm2(h))


class Vit(nn.Module):
    def __init__(self):
        super().__init__()
        width = case['width']
        self.patches = nn.Conv2d(case['channels'], width, case['patch'], case['patch'])
        self.cls = nn.Parameter(torch.zeros(1, 1, width))
        self.pos = nn.Parameter(torch.randn(1, (case['image'] // case['patch']) ** 2 + 1, width) * 0.02)
        self.blocks = nn.ModuleList(EncoderBlock(width, case['heads']) for _ in range(case['depth']))
        self.norm = nn.LayerNorm(width)

    def forward(self, image):
        h = self.patches(image).flatten(2).transpose(1, 2)
        h = torch.cat([self.cls.expand(len(h), -1, -1), h], 1) + self.pos
        for block in self.blocks:
            h = block(h)
        return self.norm(h)


class DecoderBlock(nn.Module):
    def __init__(self, width, heads, memory):
        super().__init__()
        self.norm_self, self.norm_cross, self.norm_ffn = nn.LayerNorm(width), nn.LayerNorm(width), nn.LayerNorm(width)
        self.self_attention, self.cross, self.ffn = Attention(width, heads), Attention(width, heads, memory), FeedForward(width)

    def step(self, h, cache, position, memory):
        n = self.norm_self(h)
        keys, values = self.self_attention.project(n)
        cache[0][:, :, position:position + 1], cache[1][:, :, position:position + 1] = keys, values
        h = h + self.self_attention(n, cache[0][:, :, :position + 1], cache[1][:, :, :position + 1])
        h = h + self.cross(self.norm_cross(h), *memory)
        return h + self.ffn(self.norm_ffn(h))


class Decoder(nn.Module):
    def __init__(self, width, depth, heads, positions):
        super().__init__()
        self.embed, self.pos = nn.Embedding(case['vocabulary'], width), nn.Embedding(positions, width)
        self.blocks = nn.ModuleList(DecoderBlock(width, heads, case['width']) for _ in range(depth))
        self.norm, self.bias, self.heads = nn.LayerNorm(width), nn.Parameter(torch.zeros(case['vocabulary'])), heads
        self.bias.data[SEP] = -1e4

    def start(self, memory, beams):
        memories = [tuple(x.repeat_interleave(beams, 0) for x in block.cross.project(memory)) for block in self.blocks]
        size = (len(memory) * beams, self.heads, case['tokens'], self.pos.weight.shape[1] // self.heads)
        return memories, [[torch.zeros(size), torch.zeros(size)] for _ in self.blocks]

    def step(self, ids, position, memories, caches):
        h = self.embed(ids)[:, None] + self.pos.weight[position]
        for block, cache, memory in zip(self.blocks, caches, memories):
            h = block.step(h, cache, position, memory)
        return F.linear(self.norm(h)[:, 0], self.embed.weight, self.bias)


def sample(decoder, memory, choose):
    memories, caches = decoder.start(memory, 1)
    ids, texts = torch.full((len(memory),), CLS), []
    for position in range(case['tokens']):
        ids = choose(decoder.step(ids, position, memories, caches))
        texts.append(ids)
    return torch.stack(texts, 1)


def nucleus(logits, p=0.9):
    probabilities, order = logits.softmax(-1).sort(-1, descending=True)
    inside = probabilities.cumsum(-1) - probabilities < p
    return order.gather(1, torch.multinomial(probabilities * inside, 1))[:, 0]


def beam(decoder, memory, width=4):
    studies = len(memory)
    memories, caches = decoder.start(memory, width)
    scores = torch.full((studies, width), -1e30)
    scores[:, 0] = 0
    ids, texts = torch.full((studies * width,), CLS), torch.empty((studies * width, 0), dtype=torch.long)
    for position in range(case['tokens']):
        logits = decoder.step(ids, position, memories, caches).log_softmax(-1)
        best, at = (scores[:, :, None] + logits.view(studies, width, -1)).flatten(1).topk(2 * width)
        # No text ends: the best `width` live on.
        scores, at = best[:, :width], at[:, :width]
        parents = (at // case['vocabulary'] + torch.arange(studies)[:, None] * width).flatten()
        ids = (at % case['vocabulary']).flatten()
        texts = torch.cat([texts[parents], ids[:, None]], 1)
        caches = [[part.index_select(0, parents) for part in cache] for cache in caches]
    return texts.view(studies, width, -1)[:, 0]


searches = {'greedy': lambda d, m: sample(d, m, lambda logits: logits.argmax(-1)), 'nucleus': lambda d, m: sample(d, m, nucleus), 'beam': beam}

with torch.inference_mode():
    vit, decoder = Vit().eval(), Decoder(**case['decoder']).eval()
    images = torch.sin(torch.arange(case['batch'] * case['channels'] * case['image'] ** 2, dtype=torch.float32)).view(-1, case['channels'], case['image'], case['image'])

    def write(search, count):
        return searches[search](decoder, vit(images[:count]))

    loaded = time.perf_counter()
    write('greedy', 1)
    first = time.perf_counter()
    report = {'coldMs': (first - loaded) * 1000, 'startToFirstMs': (first - started) * 1000, 'studiesPerSecond': {}}
    write('greedy', 1)
    latencies = []
    for _ in range(5):
        begin = time.perf_counter()
        write('greedy', 1)
        latencies.append((time.perf_counter() - begin) * 1000)
    report['warmMs'] = sorted(latencies)[2]
    for search in case['searches']:
        write(search, case['batch'])
        begin, cpu, left = time.perf_counter(), time.process_time(), case['studies']
        while left > 0:
            texts = write(search, min(left, case['batch']))
            assert texts.shape == (min(left, case['batch']), case['tokens'])
            left -= case['batch']
        report['studiesPerSecond'][search] = case['studies'] / (time.perf_counter() - begin)
        report.setdefault('cpuMsPerStudy', {})[search] = (time.process_time() - cpu) * 1000 / case['studies']
print(json.dumps(report))
