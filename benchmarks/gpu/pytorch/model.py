"""The stage-2 training step in PyTorch, as a user would write it for speed: fused attention, one functional forward pass over
parameters by their checkpoint names. Sizes and shapes come from the benchmark; an image transformer and BERT-like text."""
import torch
import torch.nn.functional as F


def linear(P, name, x):
    return F.linear(x, P[name + ".weight"], P.get(name + ".bias"))


def norm(P, name, x, eps):
    return F.layer_norm(x, x.shape[-1:], P[name + ".weight"], P[name + ".bias"], eps)


def heads_of(x, heads):  # (B, T, D) -> (B, heads, T, d)
    return x.view(x.shape[0], x.shape[1], heads, -1).transpose(1, 2)


def attend(q, k, v, heads, mask=None, causal=False):
    mask = None if mask is None else mask[:, None, None, :].bool()
    y = F.scaled_dot_product_attention(heads_of(q, heads), heads_of(k, heads), heads_of(v, heads), attn_mask=mask, is_causal=causal)
    return y.transpose(1, 2).reshape(q.shape)


def vision(P, c, image):
    """Patches (B, N, D) and the class token (B, D)."""
    x = F.conv2d(image, P["vision.patch_embed.proj.weight"], P["vision.patch_embed.proj.bias"], stride=c["patch"]).flatten(2).transpose(1, 2)
    h = torch.cat([P["vision.cls_token"].expand(x.shape[0], -1, -1).to(x.dtype), x], 1) + P["vision.pos_embed"]
    for i in range(c["depth"]):
        at = f"vision.blocks.{i}"
        q, k, v = linear(P, at + ".attn.qkv", norm(P, at + ".norm1", h, 1e-6)).chunk(3, -1)
        h = h + linear(P, at + ".attn.proj", attend(q, k, v, c["heads"]))
        h = h + linear(P, at + ".mlp.fc2", F.gelu(linear(P, at + ".mlp.fc1", norm(P, at + ".norm2", h, 1e-6))))
    h = norm(P, "vision.norm", h, 1e-6)
    return h[:, 1:], h[:, 0]


def text(P, c, ids, mask):
    """Tokens (B, L, D), and the attention that the last layer's class token pays to each (B, L), without a gradient."""
    e = "text.embeddings."
    h = P[e + "word_embeddings.weight"][ids] + P[e + "position_embeddings.weight"][: ids.shape[1]] + P[e + "token_type_embeddings.weight"][0]
    h = norm(P, e + "LayerNorm", h, 1e-12)
    for i in range(c["depth"]):
        at = f"text.encoder.layer.{i}."
        q, k, v = (linear(P, at + "attention.self." + n, h) for n in ("query", "key", "value"))
        if i == c["depth"] - 1:
            with torch.no_grad():
                scores = (heads_of(q[:, :1], c["heads"]) @ heads_of(k, c["heads"]).transpose(-1, -2)).float() / (q.shape[-1] // c["heads"]) ** 0.5
                importance = scores.masked_fill(mask[:, None, None, :] == 0, float("-inf")).softmax(-1).mean(1)[:, 0]
        h = norm(P, at + "attention.output.LayerNorm", h + linear(P, at + "attention.output.dense", attend(q, k, v, c["heads"], mask)), 1e-12)
        inner = F.gelu(linear(P, at + "intermediate.dense", h))
        h = norm(P, at + "output.LayerNorm", h + linear(P, at + "output.dense", inner), 1e-12)
    return h, importance


def decoder(P, c, ids, branch, memory, mask=None):
    """Logits (B, T, V) on the memory of a branch."""
    h = P["decoder.embed.weight"][ids] + P["decoder.pos.weight"][: ids.shape[1]]

    def attention(at, x, m, mask=None, causal=False):
        q, k, v = linear(P, at + ".q", x), linear(P, at + ".k", m), linear(P, at + ".v", m)
        return linear(P, at + ".out", attend(q, k, v, c["heads"], mask, causal))

    for i in range(c["depth"]):
        at = f"decoder.blocks.{i}."
        n = norm(P, at + "norm_self", h, 1e-5)
        h = h + attention(at + "self_attn", n, n, causal=True)
        h = h + attention(at + "cross_attn." + branch, norm(P, at + "norm_cross." + branch, h, 1e-5), memory, mask)
        h = h + linear(P, at + "ffn.fc2", F.gelu(linear(P, at + "ffn.fc1", norm(P, at + "norm_ffn", h, 1e-5))))
    return F.linear(norm(P, "decoder.norm", h, 1e-5), P["decoder.embed.weight"], P["decoder.head.bias"])


def pair_loss(a, b):
    """Cross-entropy of row i with target i, mean of both directions: (B, n)."""
    n = a.shape[-1]
    target = torch.arange(n, device=a.device).repeat(a.shape[0])
    ce = lambda x: F.cross_entropy(x.float().flatten(0, 1), target, reduction="none").view(-1, n)
    return (ce(a) + ce(b)) / 2


def local_loss(patches, words, mask, importance, tau):
    p, w = F.normalize(patches.float(), dim=-1), F.normalize(words.float(), dim=-1)
    product = lambda a, b: a @ b.transpose(-1, -2) / tau
    only_words = lambda x: x.masked_fill(mask[:, None, :] == 0, -1e4)
    seen = F.normalize(product(w, p).softmax(-1) @ p, dim=-1)
    weights = importance * mask
    weights = weights / weights.sum(1, keepdim=True)
    word = (pair_loss(only_words(product(w, seen)), only_words(product(seen, w))) * weights).sum(1)
    mirror = F.normalize(only_words(product(p, w)).softmax(-1) @ w, dim=-1)
    return ((word + pair_loss(product(p, mirror), product(mirror, p)).mean(1)) / 2).mean()


def token_loss(logits, target, mask):
    n = F.cross_entropy(logits.float().flatten(0, 1), target.flatten(), reduction="none").view_as(target)
    return (n * mask).sum() / mask.sum()


def losses(P, T, config, batch, weights, tau):
    """The weighted sum of all losses; T: the teacher's frozen parameters."""
    v, t, d = config["vision"], config["text"], config["decoder"]
    memory, importance = text(P, t, batch["findings"], batch["findings_mask"])
    summary = decoder(P, d, batch["input"], "findings", memory, batch["findings_mask"])
    patches, image = vision(P, v, batch["image"])
    impression, _ = text(P, t, batch["impression"], batch["impression_mask"])
    caption = decoder(P, d, batch["input"], "image", patches)
    with torch.no_grad():
        frozen, _ = text(T, t, batch["findings"], batch["findings_mask"])
        teacher = decoder(T, d, batch["input"], "findings", frozen, batch["findings_mask"]).float().log_softmax(-1)
    z = [F.normalize(linear(P, "align." + n, x).float(), dim=-1) for n, x in (("vision_global", image), ("text_global", impression[:, 0]))]
    similarity = P["align.logit_scale"].exp() * z[0] @ z[1].T
    target = torch.arange(similarity.shape[0], device=similarity.device)
    student = caption.float().log_softmax(-1)
    mask = batch["target_mask"]
    special = config["special"]
    word_mask = batch["findings_mask"] * (batch["findings"] != special["cls"]) * (batch["findings"] != special["sep"])
    parts = dict(
        cg=(F.cross_entropy(similarity, target) + F.cross_entropy(similarity.T, target)) / 2,
        cl=local_loss(linear(P, "align.vision_local", patches), linear(P, "align.text_local", memory), word_mask, importance, tau),
        sum=token_loss(summary, batch["target"], mask),
        cap=token_loss(caption, batch["target"], mask),
        dis=((teacher.exp() * (teacher - student)).sum(-1) * mask).sum() / mask.sum())
    return sum(weights[name] * value for name, value in parts.items())
