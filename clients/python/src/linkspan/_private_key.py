"""Signatures by private keys (RFC 7518 §3, RFC 8037 §3.1): the extra `linkspan[crypto]`."""

from __future__ import annotations

from collections.abc import Callable

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from linkspan._token import Algorithm

Sign = Callable[[bytes], bytes]

HASHES: dict[str, hashes.HashAlgorithm] = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}
RSA: tuple[Algorithm, ...] = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
CURVES: dict[str, Algorithm] = {"secp256r1": "ES256", "secp384r1": "ES384"}


def signing(private_key: str | bytes, algorithm: Algorithm | None) -> tuple[Algorithm, Sign]:
    """An algorithm of the key, the usual one unless another is named, and what signs by it."""
    try:
        pem = private_key.encode() if isinstance(private_key, str) else private_key
        key = serialization.load_pem_private_key(pem, password=None)
    except (TypeError, ValueError):
        # The cause's words could hold parts of the key.
        raise ValueError("`private_key` is no private key in PEM, or has a password.") from None
    fitting: tuple[Algorithm, ...] = ()
    if isinstance(key, rsa.RSAPrivateKey):
        fitting = RSA
    elif isinstance(key, ed25519.Ed25519PrivateKey):
        fitting = ("EdDSA",)
    elif isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.name in CURVES:
        fitting = (CURVES[key.curve.name],)
    if not fitting:
        raise ValueError("`private_key` is not RSA, P-256, P-384 or Ed25519.")
    chosen = algorithm or fitting[0]
    if chosen not in fitting:
        raise ValueError("`algorithm` does not fit the key.")
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return chosen, key.sign
    hash = HASHES[chosen[2:]]
    if isinstance(key, rsa.RSAPrivateKey):
        return chosen, _rsa(key, hash, is_pss=chosen.startswith("PS"))
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return chosen, _ecdsa(key, hash)


def _rsa(key: rsa.RSAPrivateKey, hash: hashes.HashAlgorithm, *, is_pss: bool) -> Sign:
    pads = padding.PSS(padding.MGF1(hash), hash.digest_size) if is_pss else padding.PKCS1v15()
    return lambda message: key.sign(message, pads, hash)


def _ecdsa(key: ec.EllipticCurvePrivateKey, hash: hashes.HashAlgorithm) -> Sign:
    """The two numbers side by side, and not in DER (RFC 7518 §3.4)."""
    size = (key.key_size + 7) // 8

    def sign(message: bytes) -> bytes:
        r, s = decode_dss_signature(key.sign(message, ec.ECDSA(hash)))
        return r.to_bytes(size, "big") + s.to_bytes(size, "big")

    return sign
