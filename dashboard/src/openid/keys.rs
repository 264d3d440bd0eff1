//! The public keys of a provider (JWK sets, RFC 7517), and whether one of them made a signature.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey};
use serde::Deserialize;

use super::token::Untrusted;

/// More keys than this no provider has at once.
const MOST_KEYS: usize = 100;

/// How a token is signed. There are other ways, above all "none" and those with a shared secret: nothing here can say them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// RSA with SHA-256.
    RS256,
    /// ECDSA on the curve P-256 with SHA-256.
    ES256,
}

/// The keys that we can use, of those that a provider publishes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keys(Vec<Key>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Key {
    id: Option<String>,
    public: Public,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Public {
    Rsa { n: Vec<u8>, e: Vec<u8> },
    P256(Vec<u8>),
}

#[derive(Deserialize)]
struct Published {
    keys: Vec<serde_json::Value>,
}

/// One key as it is published.
#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: Option<String>,
    #[serde(rename = "use")]
    purpose: Option<String>,
    alg: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

impl Keys {
    /// Reads a set of keys. Those that are for something else, or of a kind that we do not know, are left out.
    ///
    /// # Errors
    /// When it is no set of keys.
    pub fn read(json: &[u8]) -> Result<Self, serde_json::Error> {
        let published: Published = serde_json::from_slice(json)?;
        let keys = published.keys.into_iter().take(MOST_KEYS).filter_map(|key| {
            let key: Jwk = serde_json::from_value(key).ok()?;
            let id = key.kid.clone();
            Some(Key { id, public: public(&key)? })
        });
        Ok(Self(keys.collect()))
    }

    /// Checks that the key `id` signed `message`. A token that names no key needs a provider that has only one of the kind.
    ///
    /// # Errors
    /// [`Untrusted::UnknownKey`] or [`Untrusted::Signature`].
    pub fn check(
        &self,
        algorithm: Algorithm,
        id: Option<&str>,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), Untrusted> {
        let is_named = |key: &&Key| id.is_none() || key.id.as_deref() == id;
        let mut found = self.0.iter().filter(|key| key.public.algorithm() == algorithm).filter(is_named);
        let (Some(key), None) = (found.next(), found.next()) else { return Err(Untrusted::UnknownKey) };
        let is_right = match &key.public {
            Public::Rsa { n, e } => {
                RsaPublicKeyComponents { n, e }.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature)
            }
            Public::P256(point) => UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, signature),
        };
        is_right.map_err(|_| Untrusted::Signature)
    }
}

impl Public {
    /// A key is good for one algorithm only, whatever a token says.
    fn algorithm(&self) -> Algorithm {
        match self {
            Self::Rsa { .. } => Algorithm::RS256,
            Self::P256(_) => Algorithm::ES256,
        }
    }
}

fn public(key: &Jwk) -> Option<Public> {
    if key.purpose.as_deref().is_some_and(|purpose| purpose != "sig") {
        return None;
    }
    let bytes = |text: &Option<String>| URL_SAFE_NO_PAD.decode(text.as_deref()?).ok();
    let (public, name) = match (key.kty.as_str(), key.crv.as_deref()) {
        ("RSA", _) => {
            // Leading zeros are forbidden (RFC 7518, 2), but there are some.
            let n = bytes(&key.n)?.into_iter().skip_while(|byte| *byte == 0).collect();
            (Public::Rsa { n, e: bytes(&key.e)? }, "RS256")
        }
        ("EC", Some("P-256")) => {
            let (x, y) = (bytes(&key.x)?, bytes(&key.y)?);
            (x.len() == 32 && y.len() == 32).then_some(())?;
            (Public::P256([&[4][..], &x, &y].concat()), "ES256")
        }
        _ => return None,
    };
    key.alg.as_deref().is_none_or(|alg| alg == name).then_some(public)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7515, appendix A.2: a key, what was signed, and the signature.
    const N: &str = "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ";
    const SIGNED: &str = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
    const SIGNATURE: &str = "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";

    fn keys(more: &str) -> Keys {
        Keys::read(format!(r#"{{"keys":[{{"kty":"RSA","n":"{N}","e":"AQAB"{more}}}]}}"#).as_bytes()).unwrap()
    }

    #[test]
    fn the_example_of_rfc_7515_is_right_and_nothing_else_is() {
        let signature = URL_SAFE_NO_PAD.decode(SIGNATURE).unwrap();
        let check =
            |keys: &Keys, algorithm, id, message: &str| keys.check(algorithm, id, message.as_bytes(), &signature);
        assert_eq!(check(&keys(""), Algorithm::RS256, None, SIGNED), Ok(()));
        assert_eq!(
            check(&keys(r#","kid":"a","use":"sig","alg":"RS256""#), Algorithm::RS256, Some("a"), SIGNED),
            Ok(())
        );
        assert_eq!(check(&keys(""), Algorithm::RS256, None, &SIGNED.replace('9', "8")), Err(Untrusted::Signature));
        for (more, algorithm, id) in [
            ("", Algorithm::ES256, None),
            ("", Algorithm::RS256, Some("a")),
            (r#","kid":"b""#, Algorithm::RS256, Some("a")),
            (r#","use":"enc""#, Algorithm::RS256, None),
            (r#","alg":"RS512""#, Algorithm::RS256, None),
        ] {
            assert_eq!(check(&keys(more), algorithm, id, SIGNED), Err(Untrusted::UnknownKey), "{more}");
        }
        let twice = Keys([keys("").0, keys("").0].concat());
        assert_eq!(check(&twice, Algorithm::RS256, None, SIGNED), Err(Untrusted::UnknownKey), "which of the two?");
    }

    #[test]
    fn keys_that_are_no_use_are_left_out_and_the_others_kept() {
        let set = format!(
            r#"{{"keys":[{{"kty":"oct","k":"AAAA"}},{{"kty":"EC","crv":"P-384","x":"AA","y":"AA"}},{{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}},7,{{"kty":"RSA","n":"AA{N}","e":"AQAB"}}]}}"#
        );
        assert_eq!(Keys::read(set.as_bytes()).unwrap().0.len(), 1);
        for broken in ["", "[]", "{}", r#"{"keys":{}}"#] {
            assert!(Keys::read(broken.as_bytes()).is_err(), "{broken}");
        }
    }
}
