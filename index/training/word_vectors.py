"""What words mean, as vectors, distilled from all-MiniLM-L6-v2 (as in https://github.com/MinishLab/model2vec): the encoder reads
each word of its vocabulary alone, and the first principal components of what it makes of them are kept, the very first left out.

    python3 word_vectors.py --model DIR --out ../data [TEXT...]

Words of the TEXT files are added to the vocabulary. Run it with enrich/training/transformer/requirements.txt.
"""

import argparse
import hashlib
import re

import numpy as np
import torch
from transformers import AutoTokenizer, BertModel

DIMENSIONS = 128


def fold(word):
    """As in index/src/trends/words.rs."""
    word = word.lower().replace("'", "")
    stem = word[:-1]
    return stem if word.endswith("s") and len(stem) > 3 and stem[-1] not in "sui" else word


def embed(model, tokenizer, words):
    ids = tokenizer(words)["input_ids"]
    order = sorted(range(len(ids)), key=lambda at: len(ids[at]))
    vectors = np.zeros((len(words), model.config.hidden_size), np.float32)
    with torch.no_grad():
        for start in range(0, len(order), 256):
            rows = order[start : start + 256]
            longest = max(len(ids[row]) for row in rows)
            padded = torch.tensor([ids[row] + [0] * (longest - len(ids[row])) for row in rows])
            mask = torch.tensor([[1] * len(ids[row]) + [0] * (longest - len(ids[row])) for row in rows])
            hidden = model(input_ids=padded, attention_mask=mask).last_hidden_state
            kept = mask.unsqueeze(-1).float()
            vectors[rows] = ((hidden * kept).sum(1) / kept.sum(1)).numpy()
    return vectors


def number(value):
    """A number as postcard writes it."""
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes(out + bytes([value]))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("texts", nargs="*")
    args = parser.parse_args()
    tokenizer = AutoTokenizer.from_pretrained(args.model)
    model = BertModel.from_pretrained(args.model, add_pooling_layer=False).eval()
    vocabulary = [line.strip() for line in open(f"{args.model}/vocab.txt", encoding="utf-8")]
    added = [word for text in args.texts for word in re.findall("[a-z]+", open(text, encoding="utf-8").read().lower())]
    words = sorted({word for word in vocabulary + added if re.fullmatch("[a-z]{2,}", word)})
    vectors = embed(model, tokenizer, words)
    vectors -= vectors.mean(0)
    _, _, components = np.linalg.svd(vectors, full_matrices=False)
    vectors = vectors @ components[1 : DIMENSIONS + 1].T

    rows = {}
    for word, vector in zip(words, vectors):
        rows.setdefault(fold(word), []).append(vector)
    folded = sorted(rows)
    table = np.stack([np.mean(rows[word], axis=0) for word in folded])
    table = np.round(127 * table / np.abs(table).max(axis=1, keepdims=True)).astype(np.int8)
    names = b"".join(number(len(word)) + word.encode() for word in folded)
    data = number(DIMENSIONS) + number(len(folded)) + names + number(table.size) + table.tobytes()
    with open(f"{args.out}/word-vectors.bin", "wb") as out:
        out.write(data)
    print(len(folded), "words", len(data), "bytes", hashlib.sha256(data).hexdigest())


main()
