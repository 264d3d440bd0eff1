"""Averages adapters that finetune.py learned with other seeds and mixtures: what each adds to the weights (Wortsman et al.
2022), and then the best approximation of that of the rank that is wanted.

    python3 average.py --rank 20 --out DIR FILE.safetensors...
"""

import argparse

import torch
from safetensors.torch import load_file, save_file


def added(path):
    """What the adapters in a file add to each layer's weights."""
    factors = load_file(path)
    names = [name[: -len(".a")] for name in factors if name.endswith(".a")]
    return {name: factors[f"{name}.b"].float() @ factors[f"{name}.a"].float() for name in names}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rank", type=int, default=20)
    parser.add_argument("--out", required=True)
    parser.add_argument("files", nargs="+")
    args = parser.parse_args()
    torch.set_num_threads(1)
    all_added = [added(path) for path in args.files]
    factors = {}
    for name in all_added[0]:
        mean = sum(one[name] for one in all_added) / len(all_added)
        u, s, v = torch.linalg.svd(mean, full_matrices=False)
        root = s[: args.rank].sqrt()
        factors[f"{name}.a"] = (root[:, None] * v[: args.rank]).to(torch.float16).contiguous()
        factors[f"{name}.b"] = (u[:, : args.rank] * root).to(torch.float16).contiguous()
    save_file(factors, f"{args.out}/adapters.safetensors")


main()
