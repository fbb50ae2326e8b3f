"""What a function's zip is made of: `parts.py FUNCTION` builds it with its symbols kept, packs the bytes of each part as a zip
would, and prints them. Needs binutils. Standard library only."""

import re
import subprocess
import sys
import zlib
from collections import defaultdict

from limits import ROOT

# What belongs together: the crates of a part, by the names in their symbols, from the first match on.
PARTS = {
    "the engine for JSON Schema": "jsonschema|referencing|fraction|num_cmp|email_address|uuid_simd|vsimd|bytecount|outref|fluent_uri|borrow_or_share|unicode_general_category|idna|icu_\\w+|num_\\w+",
    "regular expressions of schemas": "regex|regex_automata|regex_syntax|fancy_regex|aho_corasick|bit_set|bit_vec|memchr",
    "DynamoDB's client, and what all clients share": "aws_\\w+(?<!aws_lc)(?<!aws_lc_rs)(?<!aws_lc_sys)(?<!aws_sdk_kms)",
    "KMS's client": "aws_sdk_kms",
    "AWS-LC: TLS's and our cryptography": "aws_lc|aws_lc_rs|aws_lc_sys",
    "TLS": "rustls|webpki|rustls_\\w+|webpki_roots|x509_parser",
    "HTTP": "hyper|hyper_util|hyper_rustls|http|http_body\\w*|httparse|h2|tower\\w*|tokio_rustls|reqwest|url|percent_encoding|form_urlencoded|httpdate",
    "Lambda's runtime": "lambda_\\w+|aws_lambda_events",
    "JSON": "serde|serde_\\w+|ryu|itoa|zmij",
    "JWTs and RSA": "jsonwebtoken|rsa|simple_asn1|pem|pkcs1|pkcs8|der|spki|signature|crypto_bigint|const_oid|base64ct",
    "XML": "quick_xml",
    "pages": "askama\\w*",
    "asynchronous work": "tokio|tokio_\\w+|futures\\w*|mio|parking_lot\\w*|bytes",
    "the log": "tracing\\w*|sharded_slab|thread_local",
    "what Linkspan speaks and checks": "protocol|oauth2",
    "the flow": "flow|lambda|initiate|callback|finish|api|refresh|catalogue",
    "the standard library": "std|core|alloc|hashbrown|addr2line|gimli|object|miniz_oxide|rustc_demangle|compiler_builtins",
}


def main():
    function, = sys.argv[1:]
    # Only the last step differs from a build for deployment: what it depends on is the same.
    subprocess.run(["cargo", "rustc", "--release", "--quiet", "--target-dir", str(ROOT / "target"), "--", "-C", "strip=none"],
                   cwd=ROOT / "functions" / function, check=True)
    file = ROOT / "target/bench" / f"{function}-with-symbols"
    file.parent.mkdir(exist_ok=True)
    (ROOT / "target/release" / function).rename(file)
    of = defaultdict(bytearray)
    for part, code in symbols(file):
        of[part] += code
    rows = sorted(((part, len(code), packed(code)) for part, code in of.items()), key=lambda row: -row[2])
    print("| | KB | KB of the zip |\n| --- | ---: | ---: |")
    for part, size, zipped in rows:
        print(f"| {part} | {size / 1000:,.0f} | {zipped / 1000:,.0f} |")
    print(f"| **together** | **{sum(row[1] for row in rows) / 1000:,.0f}** | **{sum(row[2] for row in rows) / 1000:,.0f}** |")


def packed(code):
    pack = zlib.compressobj(wbits=-15)
    return len(pack.compress(bytes(code)) + pack.flush())


def symbols(file):
    """Each symbol's part and bytes. What has no name, or the name of no crate, is C's: AWS-LC's and the loader's."""
    content = file.read_bytes()
    sections = {}
    for line in output("readelf", "-SW", file).splitlines():
        if found := re.match(r"\s*\[\s*\d+\]\s+(\S+)\s+PROGBITS\s+(\w+)\s+(\w+)\s+(\w+)", line):
            name, *numbers = found.groups()
            address, offset, size = (int(number, 16) for number in numbers)
            sections[name] = (address, offset, size)
    loaded = [place for name, place in sections.items() if place[0]]
    taken = []
    for line in output("nm", "-C", "--print-size", "--defined-only", file).splitlines():
        found = re.match(r"(\w{16}) (\w{16}) [tTrRdDwWV] (.*)", line)
        if not found:
            continue
        address, size, name = int(found[1], 16), int(found[2], 16), found[3]
        place = next((place for place in loaded if place[0] <= address < place[0] + place[2]), None)
        if place and size:
            taken.append((address, size, name, address - place[0] + place[1]))
    end = 0
    for address, size, name, offset in sorted(taken):
        # Of symbols at one place, the first counts.
        if address >= end:
            end = address + size
            yield part_of(name), content[offset:offset + size]


def part_of(name):
    crates = re.findall(r"(?<![\w:])(?:<|&|mut |dyn |\[|\()*([a-z]\w*)::", name)
    own = [crate for crate in crates if crate not in ("core", "std", "alloc")] or crates
    if not own:
        return "AWS-LC: TLS's and our cryptography" if re.fullmatch(r"[\w.]+", name) else "the rest"
    return next((part for part, pattern in PARTS.items() if re.fullmatch(pattern, own[0])), "the rest")


def output(*command):
    return subprocess.run([*map(str, command)], capture_output=True, text=True, check=True).stdout


if __name__ == "__main__":
    main()
