//! Passwords: argon2id, with the parameters that OWASP's Password Storage Cheat Sheet gives first (19 MiB, 2 passes, 1 lane),
//! which are also the library's own.

use std::sync::LazyLock;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};

use crate::error::RecordError;

/// The shortest password (NIST SP 800-63B-4 asks for 15 where it is the only factor).
const SHORTEST: usize = 15;

/// The longest: more would only cost time.
const LONGEST_BYTES: usize = 1024;

/// What is compared with when there is no such account, so that the time of an answer does not tell which accounts exist.
static NOBODY: LazyLock<Option<String>> = LazyLock::new(|| hash_of("nobody has this password").ok());

/// The hash of a new password, for the record.
///
/// # Errors
/// When it is too short or too long.
pub fn hash(password: &str) -> Result<String, RecordError> {
    if password.chars().count() < SHORTEST {
        return Err(RecordError::refused(format!(
            "Choose a password of at least {SHORTEST} characters: three or four words do well"
        )));
    }
    if password.len() > LONGEST_BYTES {
        return Err(RecordError::refused("Choose a shorter password"));
    }
    hash_of(password)
}

/// Whether the password is the one of the hash. Without a hash it takes as long, and the answer is no.
pub fn is_right(password: &str, hash: Option<&str>) -> bool {
    let known = hash.or(NOBODY.as_deref()).and_then(|hash| PasswordHash::new(hash).ok());
    let same = known.is_some_and(|known| {
        password.len() <= LONGEST_BYTES && Argon2::default().verify_password(password.as_bytes(), &known).is_ok()
    });
    same && hash.is_some()
}

fn hash_of(password: &str) -> Result<String, RecordError> {
    let hash = Argon2::default()
        .hash_password(password.as_bytes())
        .map_err(|error| RecordError::refused(format!("The password cannot be kept ({error}): try again")))?;
    Ok(hash.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_right_password_is_right() {
        let kept = hash("correct horse battery").unwrap();
        assert!(kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{kept}");
        assert!(is_right("correct horse battery", Some(&kept)));
        assert!(!is_right("correct horse batter", Some(&kept)));
        assert!(!is_right("nobody has this password", None));
        assert!(!is_right("correct horse battery", Some("not a hash")));
    }

    #[test]
    fn short_passwords_are_refused_with_advice() {
        assert!(hash("short").unwrap_err().to_string().contains("at least 15 characters"));
        assert!(hash(&"x".repeat(2000)).is_err());
    }
}
