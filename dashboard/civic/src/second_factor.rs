//! The second factor of staff: a code of six digits from an app, new every 30 seconds (RFC 6238).

use jiff::Timestamp;
use totp_rs::{Builder, Secret, Totp};

use crate::error::RecordError;
use crate::random;

/// Who the code is for, as the app shows it.
const ISSUER: &str = "Citizen Discovery";

/// The secret that an app and we share.
#[derive(Clone, PartialEq, Eq)]
pub struct SecondFactor(Vec<u8>);

impl SecondFactor {
    /// A new secret of 160 bits, as RFC 4226 recommends.
    ///
    /// # Errors
    /// When the machine gives no random numbers.
    pub fn new() -> Result<Self, RecordError> {
        Ok(Self(random::bytes::<20>()?.to_vec()))
    }

    /// As it is kept.
    pub(crate) fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// To be kept.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// To be typed into an app, in groups of four.
    pub fn key(&self) -> String {
        let key = Secret::from(self.0.clone()).to_base32();
        key.as_bytes().chunks(4).map(String::from_utf8_lossy).collect::<Vec<_>>().join(" ")
    }

    /// The step of 30 seconds that the code belongs to, if it is right now or was within the step before; a code is to be
    /// taken once only, so the caller keeps the step and takes no earlier one.
    pub fn step_of(&self, code: &str, now: Timestamp) -> Option<u64> {
        let digits: String = code.chars().filter(|c| !c.is_whitespace()).collect();
        self.totp()?.check(&digits, u64::try_from(now.as_second()).ok()?)
    }

    /// The code that an app shows now.
    pub fn code(&self, now: Timestamp) -> Option<String> {
        Some(self.totp()?.generate(u64::try_from(now.as_second()).ok()?).to_string())
    }

    /// The address that apps understand, for a link on a phone.
    pub fn address(&self, account: &str) -> Option<String> {
        // A colon would end the account's name there.
        let name = account.replace(':', " ");
        let totp = Builder::new().with_secret(self.0.clone()).with_issuer(Some(ISSUER)).with_account_name(name);
        totp.build().ok()?.to_url().ok()
    }

    fn totp(&self) -> Option<Totp> {
        Builder::new().with_secret(self.0.clone()).build().ok()
    }
}

impl std::fmt::Debug for SecondFactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecondFactor(...)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_is_the_one_of_rfc_6238() {
        // RFC 6238, appendix B: SHA-1, the last six digits at 59 s and at 1111111109 s.
        let factor = SecondFactor::from_bytes(b"12345678901234567890".to_vec());
        assert_eq!(factor.code(Timestamp::from_second(59).unwrap()).as_deref(), Some("287082"));
        let now = Timestamp::from_second(1_111_111_109).unwrap();
        assert_eq!(factor.step_of("081 804", now), Some(1_111_111_109 / 30));
        assert_eq!(factor.step_of("081805", now), None);
        assert_eq!(factor.step_of("", now), None);
        assert!(factor.key().starts_with("GEZD GNBV"), "{}", factor.key());
        assert!(factor.address("a:b@example.org").unwrap().starts_with("otpauth://totp/"));
    }
}
