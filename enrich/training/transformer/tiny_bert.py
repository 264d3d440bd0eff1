"""Makes the encoder that the tests run through rust-bert: enrich/tests/tiny-bert. Two layers with random weights of a fixed
seed, and what transformers makes of three texts: the mean of the last layer over the tokens, of length one.

    python3 tiny_bert.py ../../tests/tiny-bert
"""

import json
import pathlib
import string
import sys

import torch
from safetensors.torch import save_file
from transformers import BertConfig, BertModel, BertTokenizerFast

TEXTS = [
    "Waiting time at the GP is awful!",
    "great nurse, thank you NHS",
    "A&E",
    "The doctor in the hospital: is the waiting time 3 hours, or 30? It is bad.",
    "",
]


def main():
    out = pathlib.Path(sys.argv[1])
    torch.manual_seed(0)
    torch.set_num_threads(1)
    letters = string.ascii_lowercase + string.digits
    words = "the to and of a is in nhs gp wait waiting time hospital doctor nurse appointment ambulance great awful good bad"
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters, *string.punctuation]
    vocabulary += ["##" + letter for letter in letters] + words.split()
    vocabulary = list(dict.fromkeys(vocabulary))
    (out / "vocab.txt").write_text("\n".join(vocabulary) + "\n")
    config = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=64,
        max_position_embeddings=64,
        initializer_range=0.5,
    )
    model = BertModel(config).eval()
    save_file({name: tensor.contiguous() for name, tensor in model.state_dict().items()}, out / "model.safetensors")
    (out / "config.json").write_text(json.dumps(config.to_dict(), indent=1, sort_keys=True) + "\n")
    (out / "tokenizer_config.json").write_text(json.dumps({"do_lower_case": True}) + "\n")
    tokenizer = BertTokenizerFast(vocab_file=str(out / "vocab.txt"))
    encoded = tokenizer(TEXTS, padding=True, return_tensors="pt")
    with torch.no_grad():
        hidden = model(**encoded).last_hidden_state
    mask = encoded["attention_mask"].unsqueeze(-1).float()
    vectors = torch.nn.functional.normalize((hidden * mask).sum(1) / mask.sum(1), dim=1)
    golden = [{"text": text, "vector": [round(x, 6) for x in row]} for text, row in zip(TEXTS, vectors.tolist())]
    (out / "golden.json").write_text("[\n" + ",\n".join(json.dumps(row) for row in golden) + "\n]\n")


main()
