//! What nobody can guess: the tokens of sessions and invitations, and the ids of things.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use jiff::Timestamp;
use ulid::Ulid;

use crate::error::RecordError;

/// 32 random bytes. Whoever has it is let in, so only its hash is kept.
#[derive(Clone, PartialEq, Eq)]
pub struct Token([u8; 32]);

impl Token {
    /// A new one.
    ///
    /// # Errors
    /// When the machine gives no random numbers.
    pub fn new() -> Result<Self, RecordError> {
        Ok(Self(bytes()?))
    }

    /// What [`Token::text`] gave, read again; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        Some(Self(bytes.try_into().ok()?))
    }

    /// For a cookie or an address.
    pub fn text(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    /// What is kept of it.
    pub(crate) fn hash(&self) -> [u8; 32] {
        *blake3::hash(&self.0).as_bytes()
    }

    /// Another secret that is made from this one: for `purpose`, and of no use for another.
    pub fn derive(&self, purpose: &str) -> String {
        blake3::keyed_hash(&self.0, purpose.as_bytes()).to_hex()[..32].to_owned()
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(...)")
    }
}

/// A new id, which sorts by the time of its making (a ULID).
///
/// # Errors
/// When the machine gives no random numbers.
pub(crate) fn id(now: Timestamp) -> Result<String, RecordError> {
    let millisecond = u64::try_from(now.as_millisecond()).unwrap_or_default();
    Ok(Ulid::from_parts(millisecond, u128::from_le_bytes(bytes()?)).to_string())
}

/// Random bytes.
///
/// # Errors
/// When the machine gives none.
pub(crate) fn bytes<const N: usize>() -> Result<[u8; N], RecordError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| {
        RecordError::refused(format!("this machine gives no random numbers ({error}): try again in a minute"))
    })?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_back_and_never_shown_by_debug() {
        let token = Token::new().unwrap();
        assert_eq!(Token::parse(&token.text()), Some(token.clone()));
        assert_ne!(token, Token::new().unwrap());
        assert_eq!(format!("{token:?}"), "Token(...)");
        for wrong in ["", "abc", "!!!!", &format!("{}A", token.text())] {
            assert_eq!(Token::parse(wrong), None, "{wrong}");
        }
    }
}
