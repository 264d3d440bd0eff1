"""Makes the encoders that the tests run through rust-bert: tiny-bert, tiny-roberta and tiny-distilbert in a directory. Two
layers each with random weights of a fixed seed, and what transformers makes of a few texts: the mean of the last layer over
the tokens, of length one. With the directory of all-MiniLM-L6-v2 also the beginnings of its vectors, as minilm.json.

    python3 tiny_encoders.py ../../tests [MINILM]
"""

import json
import pathlib
import string
import sys

import torch
from safetensors.torch import save_file
from transformers import (
    BertConfig,
    BertModel,
    BertTokenizerFast,
    DistilBertConfig,
    DistilBertModel,
    DistilBertTokenizerFast,
    RobertaConfig,
    RobertaModel,
    RobertaTokenizerFast,
)
from transformers.models.gpt2.tokenization_gpt2 import bytes_to_unicode

TEXTS = [
    "Waiting time at the GP is awful!",
    "great nurse, thank you NHS",
    "A&E",
    "The doctor in the hospital: is the waiting time 3 hours, or 30? It is bad.",
    "",
]
WORDS = "the to and of a is in nhs gp wait waiting time hospital doctor nurse appointment ambulance great awful good bad"


def word_pieces(out):
    """A vocabulary of letters and words, as BERT and DistilBERT have it."""
    letters = string.ascii_lowercase + string.digits
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters, *string.punctuation]
    vocabulary += ["##" + letter for letter in letters] + WORDS.split()
    vocabulary = list(dict.fromkeys(vocabulary))
    (out / "vocab.txt").write_text("\n".join(vocabulary) + "\n")
    (out / "tokenizer_config.json").write_text(json.dumps({"do_lower_case": True}) + "\n")
    return len(vocabulary)


def byte_pairs(out):
    """A vocabulary of bytes and some pairs of them, as RoBERTa has it."""
    merges = ["t h", "th e", "\u0120 the", "i n", "a i", "w ai", "wai t", "in g", "wait ing", "\u0120 w", "o u", "r e"]
    vocabulary = ["<s>", "<pad>", "</s>", "<unk>", *bytes_to_unicode().values()]
    vocabulary += [merge.replace(" ", "") for merge in merges] + ["<mask>"]
    numbers = {token: number for number, token in enumerate(dict.fromkeys(vocabulary))}
    (out / "vocab.json").write_text(json.dumps(numbers, ensure_ascii=False) + "\n")
    (out / "merges.txt").write_text("#version: 0.2\n" + "\n".join(merges) + "\n")
    return len(numbers)


def save(out, model, tokenizer):
    save_file({name: tensor.contiguous() for name, tensor in model.state_dict().items()}, out / "model.safetensors")
    (out / "config.json").write_text(json.dumps(model.config.to_dict(), indent=1, sort_keys=True) + "\n")
    write_golden(out / "golden.json", model, tokenizer, 32)


def write_golden(path, model, tokenizer, numbers):
    """The first so many numbers of the vector of each text."""
    encoded = tokenizer(TEXTS, padding=True, return_tensors="pt")
    with torch.no_grad():
        hidden = model(input_ids=encoded["input_ids"], attention_mask=encoded["attention_mask"]).last_hidden_state
    mask = encoded["attention_mask"].unsqueeze(-1).float()
    vectors = torch.nn.functional.normalize((hidden * mask).sum(1) / mask.sum(1), dim=1)
    rows = zip(TEXTS, vectors[:, :numbers].tolist())
    golden = [{"text": text, "vector": [round(x, 6) for x in row]} for text, row in rows]
    path.write_text("[\n" + ",\n".join(json.dumps(row) for row in golden) + "\n]\n")


def directory(name):
    out = pathlib.Path(sys.argv[1]) / name
    out.mkdir(exist_ok=True)
    torch.manual_seed(0)
    return out


def main():
    torch.set_num_threads(1)
    usual = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64}

    out = directory("tiny-bert")
    size = word_pieces(out)
    config = BertConfig(vocab_size=size, max_position_embeddings=64, initializer_range=0.5, **usual)
    save(out, BertModel(config).eval(), BertTokenizerFast(vocab_file=str(out / "vocab.txt")))

    out = directory("tiny-distilbert")
    size = word_pieces(out)
    config = DistilBertConfig(
        vocab_size=size, dim=32, n_layers=2, n_heads=4, hidden_dim=64, max_position_embeddings=64, initializer_range=0.5
    )
    save(out, DistilBertModel(config).eval(), DistilBertTokenizerFast(vocab_file=str(out / "vocab.txt")))

    out = directory("tiny-roberta")
    size = byte_pairs(out)
    # Two positions belong to the padding.
    config = RobertaConfig(
        vocab_size=size, max_position_embeddings=66, type_vocab_size=1, initializer_range=0.5, **usual
    )
    tokenizer = RobertaTokenizerFast(vocab_file=str(out / "vocab.json"), merges_file=str(out / "merges.txt"))
    save(out, RobertaModel(config).eval(), tokenizer)

    if len(sys.argv) > 2:
        tokenizer = BertTokenizerFast.from_pretrained(sys.argv[2])
        model = BertModel.from_pretrained(sys.argv[2], add_pooling_layer=False).eval()
        write_golden(pathlib.Path(sys.argv[1]) / "minilm.json", model, tokenizer, 32)


main()
