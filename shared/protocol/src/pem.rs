//! PEM (RFC 7468) as people hand it over: the line breaks need not be there, since JSON writes them as `\n` and a field of a
//! form takes them away.

use base64::Engine;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

/// A block of PEM: its label, and the DER in it.
pub struct Block {
    /// The label: `PRIVATE KEY`, `CERTIFICATE`.
    pub label: String,
    /// The DER.
    pub der: Zeroizing<Vec<u8>>,
}

/// The blocks of a text, in order. Returns nothing if one of them is not whole.
#[must_use]
pub fn blocks(text: &str) -> Option<Vec<Block>> {
    let text = Zeroizing::new(text.replace("\\r", "").replace("\\n", "\n"));
    let mut blocks = Vec::new();
    let mut rest = text.as_str();
    while let Some((_, begun)) = rest.split_once("-----BEGIN ") {
        let (label, begun) = begun.split_once("-----")?;
        let (body, after) = begun.split_once(&format!("-----END {label}-----"))?;
        blocks.push(Block { label: label.to_owned(), der: from_base64(body)? });
        rest = after;
    }
    Some(blocks)
}

/// Decodes base64 of either alphabet, with or without its padding.
#[must_use]
pub fn from_base64(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let config = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let standard = |c: char| match c {
        '-' => '+',
        '_' => '/',
        c => c,
    };
    let text: Zeroizing<String> =
        Zeroizing::new(text.chars().filter(|c| !c.is_whitespace()).map(standard).collect());
    GeneralPurpose::new(&alphabet::STANDARD, config).decode(text.as_bytes()).ok().map(Zeroizing::new)
}
