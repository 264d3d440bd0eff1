//! Identifiers. Each is a type of its own, so that a post's id can never be passed for an author's.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::Sha256;
use thiserror::Error;

use crate::post::Post;

/// The identity of a post: stable over re-delivery, edits and restarts.
///
/// The first 16 bytes of BLAKE3 over the source's id and the post's native id in that source.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PostId([u8; 16]);

impl PostId {
    /// The id of the post that `source` calls `native`.
    pub fn new(source: &SourceId, native: &str) -> Self {
        let mut hasher = blake3::Hasher::new();
        // The length prefix keeps ("ab", "c") and ("a", "bc") apart.
        hasher.update(&(source.as_str().len() as u64).to_le_bytes());
        hasher.update(source.as_str().as_bytes());
        hasher.update(native.as_bytes());
        Self(first_16(hasher.finalize().as_bytes()))
    }
}

/// A person's pseudonym within one source: equal for equal authors, meaningless without the key.
///
/// The first 16 bytes of HMAC-SHA256 over the source's id and the author's handle. The handle itself is never stored.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AuthorKey([u8; 16]);

impl AuthorKey {
    /// The pseudonym of `handle` in `source` under the deployment's secret key.
    pub fn new(key: &IdKey, source: &SourceId, handle: &str) -> Self {
        let mut mac = Hmac::<Sha256>::new_from_slice(&key.0).expect("HMAC takes a key of any length");
        mac.update(&(source.as_str().len() as u64).to_le_bytes());
        mac.update(source.as_str().as_bytes());
        mac.update(handle.as_bytes());
        Self(first_16(&mac.finalize().into_bytes()))
    }
}

/// Stands for the words of a post: title and text. Equal for equal words.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TextHash([u8; 16]);

impl TextHash {
    /// That of `post`: the first 16 bytes of BLAKE3 over its title and its text.
    pub fn of(post: &Post) -> Self {
        let mut hasher = blake3::Hasher::new();
        let title = post.title.as_deref().unwrap_or_default();
        hasher.update(&(title.len() as u64).to_le_bytes());
        hasher.update(title.as_bytes());
        hasher.update(post.text.as_bytes());
        Self(first_16(hasher.finalize().as_bytes()))
    }
}

/// The secret under which author pseudonyms are made. It is kept outside the data directory, and never printed.
#[derive(Clone)]
pub struct IdKey([u8; 32]);

impl IdKey {
    /// A key from its 32 bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl fmt::Debug for IdKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdKey(secret)")
    }
}

/// Why a text is not an identifier.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum IdError {
    /// Not 32 hexadecimal digits.
    #[error("`{0}` is not an id: expected 32 hexadecimal digits")]
    Hex(String),
    /// Not a short lower-case name.
    #[error(
        "`{0}` is not a valid name: use 1 to 64 lower-case letters, digits and hyphens, such as `nhs-england-news`"
    )]
    Slug(String),
    /// Not a line of text of a fair length.
    #[error("`{0}` is not the id of a meeting: use 1 to 200 bytes of text on one line")]
    Event(String),
}

macro_rules! hex_id {
    ($name:ident) => {
        impl $name {
            /// The id with exactly these bytes.
            pub fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(bytes)
            }

            /// The 16 bytes of the id.
            pub fn as_bytes(&self) -> &[u8; 16] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut digits = [0_u8; 32];
                for (pair, byte) in digits.chunks_exact_mut(2).zip(self.0) {
                    pair[0] = HEX[usize::from(byte >> 4)];
                    pair[1] = HEX[usize::from(byte & 15)];
                }
                f.write_str(std::str::from_utf8(&digits).expect("hexadecimal digits are ASCII"))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                parse_hex(text).map(Self).ok_or_else(|| IdError::Hex(text.to_owned()))
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

hex_id!(PostId);
hex_id!(AuthorKey);
hex_id!(TextHash);

macro_rules! name_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({:?})", stringify!($name), &*self.0)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

name_id! {
    /// The name of a source in `config/sources.toml`: a short lower-case slug.
    SourceId
}

impl FromStr for SourceId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let fits = (1..=64).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if fits { Ok(Self(text.into())) } else { Err(IdError::Slug(text.to_owned())) }
    }
}

name_id! {
    /// One offline meeting: all contributions to it carry the same id.
    EventId
}

impl FromStr for EventId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let fits = (1..=200).contains(&text.len()) && !text.chars().any(char::is_control);
        if fits { Ok(Self(text.into())) } else { Err(IdError::Event(text.to_owned())) }
    }
}

const HEX: &[u8; 16] = b"0123456789abcdef";

fn first_16(bytes: &[u8]) -> [u8; 16] {
    bytes[..16].try_into().expect("a 32-byte digest has 16 first bytes")
}

fn parse_hex(text: &str) -> Option<[u8; 16]> {
    let digits = text.as_bytes();
    if digits.len() != 32 {
        return None;
    }
    let mut bytes = [0_u8; 16];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let high = char::from(pair[0]).to_digit(16)?;
        let low = char::from(pair[1]).to_digit(16)?;
        *byte = u8::try_from(high * 16 + low).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(name: &str) -> SourceId {
        name.parse().unwrap()
    }

    #[test]
    fn a_post_id_depends_on_source_and_native_id_and_not_on_how_they_join() {
        assert_eq!(PostId::new(&source("ab"), "c"), PostId::new(&source("ab"), "c"));
        assert_ne!(PostId::new(&source("ab"), "c"), PostId::new(&source("a"), "bc"));
    }

    #[test]
    fn an_author_is_another_person_under_another_key_or_source() {
        let key = IdKey::new([1; 32]);
        let author = AuthorKey::new(&key, &source("a"), "someone");
        assert_ne!(author, AuthorKey::new(&IdKey::new([2; 32]), &source("a"), "someone"));
        assert_ne!(author, AuthorKey::new(&key, &source("b"), "someone"));
    }

    #[test]
    fn ids_survive_text_and_json() {
        let id = PostId::new(&source("a"), "1");
        assert_eq!(id.to_string().parse::<PostId>().unwrap(), id);
        let json = serde_json::to_string(&id).unwrap();
        assert_eq!(serde_json::from_str::<PostId>(&json).unwrap(), id);
        assert!("xyz".parse::<PostId>().is_err());
    }

    #[test]
    fn a_source_name_is_a_slug() {
        assert!("nhs-england-news".parse::<SourceId>().is_ok());
        assert!("NHS England".parse::<SourceId>().is_err());
        assert!("".parse::<SourceId>().is_err());
    }

    #[test]
    fn a_meeting_is_named_by_one_line_of_text() {
        assert!("Leeds Assembly, 3 May 2025".parse::<EventId>().is_ok());
        assert!("two\nlines".parse::<EventId>().is_err());
        assert!("x".repeat(201).parse::<EventId>().unwrap_err().to_string().ends_with("text on one line"));
    }

    #[test]
    fn the_secret_key_does_not_print() {
        assert_eq!(format!("{:?}", IdKey::new([7; 32])), "IdKey(secret)");
    }
}
