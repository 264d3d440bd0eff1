//! A provider of OpenID Connect: a server on this machine that lets everybody in and signs real tokens, and can be told to lie in
//! every way that a client must notice.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Json, Redirect, Response};
use axum::routing::{get, post};
use axum::{Form, Router};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::Timestamp;
use ring::digest::{SHA256, digest};
use ring::hmac;
use ring::rand::SystemRandom;
use ring::rsa::{KeyPairComponents, PublicKeyComponents};
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use url::form_urlencoded;

/// What the provider calls its client, and the client's secret, with letters that a form must encode.
pub const CLIENT: &str = "discovery";
pub const SECRET: &str = "s3cret: 100%+";

/// The key of RFC 7515, appendix A.2, which is no secret: n, e, d, p, q, dp, dq, qi.
const RSA: [&str; 8] = [
    "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ",
    "AQAB",
    "Eq5xpGnNCivDflJsRQBXHx1hdR1k6Ulwe2JZD50LpXyWPEAeP88vLNO97IjlA7_GQ5sLKMgvfTeXZx9SE-7YwVol2NXOoAJe46sui395IW_GO-pWJ1O0BkTGoVEn2bKVRUCgu-GjBVaYLU6f3l9kJfFNS3E0QbVdxzubSu3Mkqzjkn439X0M_V51gfpRLI9JYanrC4D4qAdGcopV_0ZHHzQlBjudU2QvXt4ehNYTCBr6XCLQUShb1juUO1ZdiYoFaFQT5Tw8bGUl_x_jTj3ccPDVZFD9pIuhLhBOneufuBiB4cS98l2SR_RQyGWSeWjnczT0QU91p1DhOVRuOopznQ",
    "4BzEEOtIpmVdVEZNCqS7baC4crd0pqnRH_5IB3jw3bcxGn6QLvnEtfdUdiYrqBdss1l58BQ3KhooKeQTa9AB0Hw_Py5PJdTJNPY8cQn7ouZ2KKDcmnPGBY5t7yLc1QlQ5xHdwW1VhvKn-nXqhJTBgIPgtldC-KDV5z-y2XDwGUc",
    "uQPEfgmVtjL0Uyyx88GZFF1fOunH3-7cepKmtH4pxhtCoHqpWmT8YAmZxaewHgHAjLYsp1ZSe7zFYHj7C6ul7TjeLQeZD_YwD66t62wDmpe_HlB-TnBA-njbglfIsRLtXlnDzQkv5dTltRJ11BKBBypeeF6689rjcJIDEz9RWdc",
    "BwKfV3Akq5_MFZDFZCnW-wzl-CCo83WoZvnLQwCTeDv8uzluRSnm71I3QCLdhrqE2e9YkxvuxdBfpT_PI7Yz-FOKnu1R6HsJeDCjn12Sk3vmAktV2zb34MCdy7cpdTh_YVr7tss2u6vneTwrA86rZtu5Mbr1C1XsmvkxHQAdYo0",
    "h_96-mK1R_7glhsum81dZxjTnYynPbZpHziZjeeHcXYsXaaMwkOlODsWa7I9xXDoRwbKgB719rrmI2oKr6N3Do9U0ajaHF-NKJnwgjMd2w9cjz3_-kyNlxAr2v4IKhGNpmM5iIgOS1VZnOZ68m6_pbLBSp3nssTdlqvd0tIiTHU",
    "IYd7DHOhrWvxkwPQsRM2tOgrjbcrfvtQJipd-DlcxyVuuM9sQLdgjVk2oy26F0EmpScGLq2MowX7fhd_QJQ3ydy5cY7YIBi87w93IKLEdfnbJtoOPLUW0ITrJReOgo1cq9SbsxYawBgfp_gh6A5603k2-ZQwVK0JKSHuLFkuQ3U",
];

/// How a token is made.
#[derive(Clone, Debug, Default)]
pub enum Way {
    /// As it should be.
    #[default]
    Right,
    /// Without a signature, which the header says.
    Unsigned,
    /// Signed with the public key as a shared secret, which the header says.
    Shared,
}

/// What the provider does next.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// Claims that stand in the token instead of the right ones.
    pub claims: Value,
    /// How it is made.
    pub way: Way,
    /// Whether the person stops at the provider's page.
    pub stops: bool,
}

/// The provider, gone when dropped.
pub struct Provider {
    /// Its own name.
    pub issuer: String,
    state: Arc<Shared>,
    server: JoinHandle<()>,
}

struct Shared {
    issuer: String,
    plan: Mutex<Plan>,
    signer: Mutex<Signer>,
    codes: Mutex<HashMap<String, Asked>>,
}

/// What a browser asked for.
struct Asked {
    nonce: String,
    challenge: String,
    redirect_uri: String,
}

enum Signer {
    Rsa(RsaKeyPair),
    P256(EcdsaKeyPair),
}

impl Provider {
    /// Starts one.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://{}/tenant", listener.local_addr().unwrap());
        let [modulus, exponent, secret, prime_1, prime_2, exponent_1, exponent_2, coefficient] =
            RSA.map(|part| URL_SAFE_NO_PAD.decode(part).unwrap());
        let key = RsaKeyPair::from_components(&KeyPairComponents {
            public_key: PublicKeyComponents { n: modulus, e: exponent },
            d: secret,
            p: prime_1,
            q: prime_2,
            dP: exponent_1,
            dQ: exponent_2,
            qInv: coefficient,
        })
        .unwrap();
        let state = Arc::new(Shared {
            issuer: issuer.clone(),
            plan: Mutex::default(),
            signer: Mutex::new(Signer::Rsa(key)),
            codes: Mutex::default(),
        });
        let router = Router::new()
            .route("/tenant/.well-known/openid-configuration", get(document))
            .route("/tenant/keys", get(keys))
            .route("/tenant/authorize", get(authorize))
            .route("/tenant/token", post(token))
            .with_state(Arc::clone(&state));
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { issuer, state, server }
    }

    /// Does this from now on.
    pub fn plan(&self, plan: Plan) {
        *self.state.plan.lock().unwrap() = plan;
    }

    /// Throws its key away for a new one, of the other kind.
    pub fn rotate(&self) {
        let (way, random) = (&ECDSA_P256_SHA256_FIXED_SIGNING, SystemRandom::new());
        let key = EcdsaKeyPair::generate_pkcs8(way, &random).unwrap();
        *self.state.signer.lock().unwrap() =
            Signer::P256(EcdsaKeyPair::from_pkcs8(way, key.as_ref(), &random).unwrap());
    }

    /// Stops it: nobody listens at its address any more.
    pub async fn stop(&mut self) {
        self.server.abort();
        let _ = (&mut self.server).await;
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn document(State(state): State<Arc<Shared>>) -> Json<Value> {
    let issuer = &state.issuer;
    Json(json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "jwks_uri": format!("{issuer}/keys"),
        "end_session_endpoint": format!("{issuer}/sign-out"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
    }))
}

async fn keys(State(state): State<Arc<Shared>>) -> Json<Value> {
    let key = match &*state.signer.lock().unwrap() {
        Signer::Rsa(_) => json!({ "kty": "RSA", "use": "sig", "kid": "first", "n": RSA[0], "e": RSA[1] }),
        Signer::P256(pair) => {
            let point = pair.public_key().as_ref();
            let [x, y] = [&point[1..33], &point[33..]].map(|half| URL_SAFE_NO_PAD.encode(half));
            json!({ "kty": "EC", "crv": "P-256", "use": "sig", "kid": "second", "x": x, "y": y })
        }
    };
    Json(json!({ "keys": [key] }))
}

/// The page where people sign in: here everybody is let in at once.
async fn authorize(State(state): State<Arc<Shared>>, Query(asked): Query<HashMap<String, String>>) -> Response {
    let is = |name: &str, value: &str| asked.get(name).is_some_and(|found| found == value);
    let right = is("response_type", "code") && is("client_id", CLIENT) && is("code_challenge_method", "S256");
    if !right || !asked["scope"].split(' ').any(|scope| scope == "openid") {
        return (StatusCode::BAD_REQUEST, format!("not what a client asks: {asked:?}")).into_response();
    }
    let back = |pairs: &[(&str, &str)]| {
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        Redirect::to(&format!("{}?{query}", asked["redirect_uri"])).into_response()
    };
    if state.plan.lock().unwrap().stops {
        let pairs = [("error", "access_denied"), ("error_description", "<b>no</b>"), ("state", &asked["state"])];
        return back(&pairs);
    }
    let code = URL_SAFE_NO_PAD.encode(ring::rand::generate::<[u8; 16]>(&SystemRandom::new()).unwrap().expose());
    let [nonce, challenge, redirect_uri] = ["nonce", "code_challenge", "redirect_uri"].map(|name| asked[name].clone());
    state.codes.lock().unwrap().insert(code.clone(), Asked { nonce, challenge, redirect_uri });
    back(&[("code", &code), ("state", &asked["state"])])
}

/// Exchanges a code, once, for whoever shows the secret and the verifier.
async fn token(
    State(state): State<Arc<Shared>>,
    headers: HeaderMap,
    Form(fields): Form<HashMap<String, String>>,
) -> Response {
    let no = |error: &str| (StatusCode::BAD_REQUEST, Json(json!({ "error": error }))).into_response();
    let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let basic = STANDARD.encode(format!("{}:{}", encoded(CLIENT), encoded(SECRET)));
    if headers.get("authorization").is_none_or(|sent| *sent != format!("Basic {basic}")) {
        return no("invalid_client");
    }
    let Some(asked) = state.codes.lock().unwrap().remove(&fields["code"]) else { return no("invalid_grant") };
    let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, fields["code_verifier"].as_bytes()));
    if challenge != asked.challenge || fields["redirect_uri"] != asked.redirect_uri {
        return no("invalid_grant");
    }
    let plan = state.plan.lock().unwrap().clone();
    let now = Timestamp::now().as_second();
    let mut claims = json!({ "iss": state.issuer, "sub": "person-1", "aud": CLIENT, "exp": now + 300, "iat": now,
        "nonce": asked.nonce, "name": "Gil Example" });
    for (name, value) in plan.claims.as_object().into_iter().flatten() {
        claims[name] = value.clone();
    }
    let id_token = state.signer.lock().unwrap().sign(&claims, &plan.way);
    Json(json!({ "access_token": "unused", "token_type": "Bearer", "id_token": id_token })).into_response()
}

impl Signer {
    fn sign(&self, claims: &Value, way: &Way) -> String {
        let (alg, kid) = match (way, self) {
            (Way::Unsigned, _) => ("none", "first"),
            (Way::Shared, _) => ("HS256", "first"),
            (Way::Right, Self::Rsa(_)) => ("RS256", "first"),
            (Way::Right, Self::P256(_)) => ("ES256", "second"),
        };
        let header = json!({ "alg": alg, "kid": kid, "typ": "JWT" }).to_string();
        let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims.to_string()));
        let (random, message) = (SystemRandom::new(), signed.as_bytes());
        let signature = match (way, self) {
            (Way::Unsigned, _) => Vec::new(),
            (Way::Shared, _) => {
                let key = hmac::Key::new(hmac::HMAC_SHA256, &URL_SAFE_NO_PAD.decode(RSA[0]).unwrap());
                hmac::sign(&key, message).as_ref().to_vec()
            }
            (Way::Right, Self::Rsa(pair)) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature).unwrap();
                signature
            }
            (Way::Right, Self::P256(pair)) => pair.sign(&random, message).unwrap().as_ref().to_vec(),
        };
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}
