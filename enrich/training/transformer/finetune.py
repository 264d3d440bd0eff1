"""Learns low-rank adapters (Hu et al. 2021) for the encoder of the transformer tier, and writes them to adapters.safetensors.

    python3 finetune.py --model DIR --posts train.jsonl --comments fft_dev.jsonl --coded phase1.jsonl --out DIR

The encoder itself stays as it is. Three kinds of text are learned from at once, a batch of one kind at a time: posts with a
sentiment, comments with a sentiment and subjects, and comments with one of many codes. The linear heads that it needs for
that are thrown away: `discovery train ... --tier transformer` learns those that are used. Texts that `discovery train`
keeps back in its first round (`fold` in enrich/src/train/folds.rs, here again) are not seen, so that there are texts to
measure and to calibrate on. average.py makes one file of several trainings.
"""

import argparse
import json
import math
import random
import time

import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional as F
from transformers import AutoTokenizer, BertModel

SCALE = 2.0
MAX_TOKENS = 64
BATCH = 32
LABELS = ["negative", "neutral", "positive"]


class LowRank(nn.Module):
    """A linear layer that stays as it is, and what is added to it."""

    def __init__(self, base, rank):
        super().__init__()
        self.base = base
        self.a = nn.Parameter(torch.randn(rank, base.in_features) / math.sqrt(base.in_features))
        self.b = nn.Parameter(torch.zeros(base.out_features, rank))

    def forward(self, x):
        return self.base(x) + SCALE * F.linear(F.linear(x, self.a), self.b)


def adapt(model, rank):
    """Puts low-rank layers around the linear ones of every layer, and gives them by the name of their weights."""
    layers = {}
    for name, module in list(model.named_modules()):
        if isinstance(module, nn.Linear) and name.startswith("encoder.layer."):
            parent = model.get_submodule(name.rsplit(".", 1)[0])
            layers[name] = LowRank(module, rank)
            setattr(parent, name.rsplit(".", 1)[1], layers[name])
    return layers


def plain(text):
    """The text as enrich/src/transformer/encoder.rs gives it to the encoder."""
    text = text.replace("\\u2019", "'").replace("\\u002c", ",").replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">")
    words = []
    for word in text.split():
        if word.startswith(("http://", "https://", "www.")):
            word = "http"
        elif len(word) > 1 and word.startswith("@"):
            word = "@user"
        words.append(word)
    return " ".join(words)


def fold(text):
    """As in enrich/src/train/folds.rs."""
    letters = []
    for part in text.split():
        if part.startswith(("http://", "https://", "www.")):
            letters.append("link")
            continue
        if len(part) > 1 and part.startswith("@"):
            letters.append("handle")
            continue
        last, times = "", 0
        for c in part.lower():
            if c in "'\u2019\u200b\u200c\u200d\u200e\u200f\ufe0f\ufeff":
                continue
            times = times + 1 if c == last else 1
            last = c
            if times <= 3 and c.isalnum():
                letters.append(c)
    value = 0xCBF29CE484222325
    for byte in "".join(letters).encode():
        value = (value ^ byte) * 0x100000001B3 % 2**64
    return (value >> 17) % 5


def read(path):
    with open(path, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if line.strip()]


class Task:
    """Texts of one kind, without end, in batches of about equal length."""

    def __init__(self, rows, tokenizer, rng):
        self.rows, self.rng, self.waiting = rows, rng, []
        encoded = tokenizer([plain(row["text"]) for row in rows], truncation=True, max_length=MAX_TOKENS)["input_ids"]
        for row, ids in zip(rows, encoded):
            row["ids"] = ids

    def batch(self):
        if not self.waiting:
            order = list(self.rows)
            self.rng.shuffle(order)
            for start in range(0, len(order), BATCH * 16):
                near = sorted(order[start : start + BATCH * 16], key=lambda row: len(row["ids"]))
                self.waiting += [near[at : at + BATCH] for at in range(0, len(near), BATCH)]
            self.rng.shuffle(self.waiting)
        return self.waiting.pop()


def embed(model, rows):
    longest = max(len(row["ids"]) for row in rows)
    ids = torch.tensor([row["ids"] + [0] * (longest - len(row["ids"])) for row in rows])
    mask = torch.tensor([[1] * len(row["ids"]) + [0] * (longest - len(row["ids"])) for row in rows])
    with torch.autocast("cpu", dtype=torch.bfloat16):
        hidden = model(input_ids=ids, attention_mask=mask).last_hidden_state
    kept = mask.unsqueeze(-1).float()
    return 10.0 * F.normalize((hidden.float() * kept).sum(1) / kept.sum(1), dim=1)


def measure(model, head, rows, label):
    """Macro recall and macro F1 of a sentiment head."""
    model.eval()
    given = []
    with torch.no_grad():
        for at in range(0, len(rows), 64):
            given += head(embed(model, rows[at : at + 64])).argmax(1).tolist()
    model.train()
    wanted = [label(row) for row in rows]
    recalls, f1s = [], []
    for k in range(3):
        right = sum(g == k and w == k for g, w in zip(given, wanted))
        recalls.append(right / max(1, wanted.count(k)))
        f1s.append(2 * right / max(1, wanted.count(k) + given.count(k)))
    return sum(recalls) / 3, sum(f1s) / 3


def measure_subjects(model, head, rows, subjects):
    """Micro and macro F1 of the subjects that at least five rows have."""
    model.eval()
    with torch.no_grad():
        given = torch.cat([head(embed(model, rows[at : at + 64])) > 0.5 for at in range(0, len(rows), 64)])
    model.train()
    wanted = torch.tensor([[name in row["labels"] for name in subjects] for row in rows])
    both, all_of = (given & wanted).sum(0).float(), (given.sum(0) + wanted.sum(0)).float()
    some = wanted.sum(0) >= 5
    return (2 * both[some].sum() / all_of[some].sum()).item(), (2 * both[some] / all_of[some]).mean().item()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", required=True)
    parser.add_argument("--posts", required=True)
    parser.add_argument("--validation")
    parser.add_argument("--comments", required=True)
    parser.add_argument("--coded", required=True)
    parser.add_argument("--rank", type=int, default=8)
    parser.add_argument("--steps", type=int, default=3000, help="after which the rate of learning reaches nought")
    parser.add_argument("--mix", default="6,3,3", help="how often posts, comments and codes are learned from")
    parser.add_argument("--seed", type=int, default=4)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    torch.set_num_threads(1)
    rng = random.Random(args.seed)
    tokenizer = AutoTokenizer.from_pretrained(args.model)
    model = BertModel.from_pretrained(args.model, add_pooling_layer=False)
    model.requires_grad_(False)
    layers = adapt(model, args.rank)

    seen = lambda path: [row for row in read(path) if fold(row["text"]) != 0]
    kept_back = [row for row in read(args.comments) if fold(row["text"]) == 0]
    comments, coded = seen(args.comments), seen(args.coded)
    subjects = sorted({name for row in comments for name in row["labels"]})
    codes = sorted({row["subcategory"] for row in coded})
    sizes = {"post": 3, "comment": 3, "subject": len(subjects), "code": len(codes), "side": 2}
    heads = nn.ModuleDict({name: nn.Linear(384, size) for name, size in sizes.items()})
    tasks = {
        "post": Task(seen(args.posts), tokenizer, rng),
        "comment": Task(comments, tokenizer, rng),
        "coded": Task(coded, tokenizer, rng),
    }
    sentiment = torch.tensor([sum(row.get("sentiment3") == name for row in comments) for name in LABELS]).float()
    balance = (sentiment.sum() / 3 / sentiment).sqrt()
    had = torch.tensor([sum(name in row["labels"] for row in comments) for name in subjects]).float()
    rare = ((len(comments) - had) / had).sqrt().clamp(1, 6)

    def loss_of(kind, rows):
        x = F.dropout(embed(model, rows), 0.1)
        if kind == "post":
            return F.cross_entropy(heads["post"](x), torch.tensor([LABELS.index(row["label"]) for row in rows]))
        if kind == "comment":
            wanted = torch.tensor([[float(name in row["labels"]) for name in subjects] for row in rows])
            loss = 8 * F.binary_cross_entropy_with_logits(heads["subject"](x), wanted, pos_weight=rare)
            felt = torch.tensor([LABELS.index(row["sentiment3"]) if row["sentiment3"] else -100 for row in rows])
            return loss + F.cross_entropy(heads["comment"](x), felt, weight=balance, ignore_index=-100)
        loss = F.cross_entropy(heads["code"](x), torch.tensor([codes.index(row["subcategory"]) for row in rows]))
        sides = []
        for row in rows:
            value = str(row.get("criticality", ""))
            sides.append(-100 if value.lstrip("-") not in set("12345") else int(not value.startswith("-")))
        side = torch.tensor(sides)
        return loss + (0.5 * F.cross_entropy(heads["side"](x), side, ignore_index=-100) if (side >= 0).any() else 0)

    parts = [
        {"params": [p for layer in layers.values() for p in (layer.a, layer.b)], "lr": args.rate, "weight_decay": 0.01},
        {"params": list(heads.parameters()), "lr": 3 * args.rate, "weight_decay": 0.01},
    ]
    optimiser = torch.optim.AdamW(parts)
    shape = lambda step: min(1, (step + 1) / 100) * max(0.0, 1 - step / args.steps)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, shape)
    validation = Task(read(args.validation)[:1500], tokenizer, rng).rows if args.validation else []
    judged = Task([row for row in kept_back if row["sentiment3"]], tokenizer, rng).rows
    mix = [float(part) for part in args.mix.split(",")]
    start, sums = time.time(), {kind: [0.0, 0] for kind in tasks}
    model.train()
    for step in range(args.steps):
        kind = rng.choices(list(tasks), weights=mix)[0]
        loss = loss_of(kind, tasks[kind].batch())
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_([p for part in parts for p in part["params"]], 1.0)
        optimiser.step()
        schedule.step()
        sums[kind][0] += loss.item()
        sums[kind][1] += 1
        if step % 50 == 49:
            shown = {kind: round(total / max(1, count), 3) for kind, (total, count) in sums.items()}
            sums = {kind: [0.0, 0] for kind in tasks}
            print(step + 1, round(time.time() - start), shown, flush=True)
        if (step + 1) % 500 == 0 or step + 1 == args.steps:
            save_file(
                {
                    f"{name}.{part}": value.detach().to(torch.float16).contiguous()
                    for name, layer in layers.items()
                    for part, value in (("a", SCALE * layer.a), ("b", layer.b))
                },
                f"{args.out}/adapters-{step + 1}.safetensors",
            )
            if validation:
                print("posts", measure(model, heads["post"], validation, lambda row: LABELS.index(row["label"])))
            print("comments", measure(model, heads["comment"], judged, lambda row: LABELS.index(row["sentiment3"])))
            print("subjects", measure_subjects(model, heads["subject"], judged, subjects), flush=True)


main()
