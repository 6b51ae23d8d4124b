"""Impressions from an exported folder, with numpy and onnxruntime alone (pillow to read images, tokenizers to read findings).

    python generate.py EXPORTED --image image.png
    python generate.py EXPORTED --findings "The heart is enlarged."
"""

import argparse
import json
from pathlib import Path

import numpy as np
import onnxruntime


def open_part(folder, part):
    """The three graphs of `caption` or `summarize`."""
    return {
        name: onnxruntime.InferenceSession(folder / part / f"{name}.onnx", providers=["CPUExecutionProvider"])
        for name in ("encoder", "prefill", "decode")
    }


def run(session, inputs):
    """A graph's outputs by name."""
    return dict(zip([output.name for output in session.get_outputs()], session.run(None, inputs)))


def greedy(sessions, inputs, special, max_tokens):
    """The most likely token at every step, for each study of the inputs, without [CLS] and [SEP]."""
    memory = run(sessions["encoder"], inputs)["memory"]
    memory_mask = {"memory_mask": inputs["mask"]} if "mask" in inputs else {}
    rows = len(memory)
    texts, ended = [[] for _ in range(rows)], set()
    ids = np.full((rows, 1), special["cls"], np.int32)
    values = run(sessions["prefill"], {"ids": ids, "memory": memory, **memory_mask})
    cross = {name: value for name, value in values.items() if name.startswith("cross.")}
    for step in range(max_tokens):
        next_ids = values["logits"][:, -1].argmax(-1).astype(np.int32)
        for row, token in enumerate(next_ids.tolist()):
            if token == special["sep"]:
                ended.add(row)
            elif row not in ended:
                texts[row].append(token)
        if len(ended) == rows or step == max_tokens - 1:
            break
        past = {name.replace("present", "past"): value for name, value in values.items() if name.startswith("present.")}
        values = run(sessions["decode"], {"ids": next_ids[:, None], **past, **cross, **memory_mask})
    return texts


def text_of(ids, vocab):
    """Word pieces joined, special tokens left out."""
    pieces = {token: piece for piece, token in vocab.items()}
    words = [pieces.get(token, "[UNK]") for token in ids]
    text_pieces = [piece for piece in words if piece not in ("[PAD]", "[CLS]", "[SEP]", "[MASK]")]
    return "".join(piece[2:] if piece.startswith("##") else f" {piece}" for piece in text_pieces).strip()


def prepare_image(path, size, channels, resize, mean, std):
    """Resized, padded to a square with black, centre-cropped, normalized: (1, C, H, W)."""
    from PIL import Image

    image = Image.open(path).convert("L")
    scale = resize / max(image.size)
    image = image.resize((round(image.width * scale), round(image.height * scale)), Image.BILINEAR)
    square = Image.new("L", (resize, resize))
    square.paste(image, ((resize - image.width) // 2, (resize - image.height) // 2))
    offset = (resize - size) // 2
    pixels = np.asarray(square, np.float32)[offset : offset + size, offset : offset + size]
    return np.broadcast_to((pixels / 255 - mean) / std, (1, channels, size, size)).astype(np.float32)


def prepare_text(text, tokenizer_file, max_length, special):
    """Ids and mask of a text, (1, L) each."""
    from tokenizers import Tokenizer

    ids = Tokenizer.from_file(str(tokenizer_file)).encode(text).ids
    if len(ids) > max_length:
        ids = ids[: max_length - 1] + [special["sep"]]
    return {"ids": np.array([ids], np.int32), "mask": np.ones((1, len(ids)), np.float32)}


def main():
    parser = argparse.ArgumentParser(description="Impressions from an exported folder.")
    parser.add_argument("folder", type=Path)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--image", type=Path)
    source.add_argument("--findings")
    arguments = parser.parse_args()
    manifest = json.loads((arguments.folder / "export.json").read_text())
    vocab = json.loads((arguments.folder / "tokenizer.json").read_text())["model"]["vocab"]
    special, lengths = manifest["special"], manifest["text"]
    if arguments.image:
        part, inputs = "caption", {"image": prepare_image(arguments.image, **manifest["image"])}
    else:
        part, inputs = "summarize", prepare_text(arguments.findings, arguments.folder / "tokenizer.json", lengths["findingsLength"], special)
    limit = min(lengths["impressionLength"], manifest["decoder"]["positions"])
    for ids in greedy(open_part(arguments.folder, part), inputs, special, limit):
        print(text_of(ids, vocab))


if __name__ == "__main__":
    main()
