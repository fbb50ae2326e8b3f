//! The encoding of a sealed value.

use aws_lc_rs::aead::NONCE_LEN;

/// The version of a sealed value, which says what it is bound to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Version {
    /// Bound to table, workspace, customer, record and field. Earlier code sealed the secrets of connections so too.
    One = 1,
    /// Bound to a registration too.
    Two = 2,
}

impl Version {
    /// The version that a value for a place with a registration, or for one without, is sealed in.
    pub(super) fn present(has_registration: bool) -> Self {
        if has_registration { Self::Two } else { Self::One }
    }

    fn of(byte: u8) -> Option<Self> {
        [Self::One, Self::Two].into_iter().find(|version| *version as u8 == byte)
    }
}

/// `version | key id's length (1) | key id | wrapped key's length (2) | wrapped key | nonce (12) | ciphertext and tag`.
pub(super) struct Record<'a> {
    pub(super) version: Version,
    pub(super) key_id: &'a str,
    pub(super) wrapped: &'a [u8],
    pub(super) nonce: [u8; NONCE_LEN],
    pub(super) ciphertext: &'a [u8],
}

impl<'a> Record<'a> {
    pub(super) fn encode(&self) -> Vec<u8> {
        // `WrappingKey` promises that a key id has at most 255 bytes and a wrapped key less than 64 KiB.
        let key_id_length = u8::try_from(self.key_id.len()).unwrap_or(u8::MAX);
        let wrapped_length = u16::try_from(self.wrapped.len()).unwrap_or(u16::MAX);
        let mut bytes = Vec::with_capacity(
            4 + self.key_id.len() + self.wrapped.len() + NONCE_LEN + self.ciphertext.len(),
        );
        bytes.push(self.version as u8);
        bytes.push(key_id_length);
        bytes.extend_from_slice(self.key_id.as_bytes());
        bytes.extend_from_slice(&wrapped_length.to_be_bytes());
        bytes.extend_from_slice(self.wrapped);
        bytes.extend_from_slice(&self.nonce);
        bytes.extend_from_slice(self.ciphertext);
        bytes
    }

    pub(super) fn decode(bytes: &'a [u8]) -> Option<Self> {
        let (&[version, key_id_length], rest) = bytes.split_first_chunk::<2>()?;
        let version = Version::of(version)?;
        let (key_id, rest) = rest.split_at_checked(usize::from(key_id_length))?;
        let (wrapped_length, rest) = rest.split_first_chunk::<2>()?;
        let (wrapped, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*wrapped_length)))?;
        let (nonce, ciphertext) = rest.split_first_chunk::<NONCE_LEN>()?;
        let key_id = std::str::from_utf8(key_id).ok()?;
        Some(Self { version, key_id, wrapped, nonce: *nonce, ciphertext })
    }
}
