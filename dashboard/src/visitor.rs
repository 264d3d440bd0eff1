//! Who is at the other end of a request, and what they may do.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;
use civic::{Account, Permission, Token, session};

use crate::app::App;
use crate::config::Audience;
use crate::error::AppError;

/// The cookie of a session. The prefix makes browsers take it from this host only, over TLS or from this machine.
const COOKIE: &str = "__Host-discovery";

/// Who reads.
#[derive(Clone, Debug)]
pub struct Visitor {
    /// Who is signed in, with the session's token.
    signed_in: Option<(Account, Token)>,
    /// How somebody who is not signed in is treated.
    otherwise: Audience,
}

impl Visitor {
    /// Somebody who is not signed in.
    pub fn unknown(otherwise: Audience) -> Self {
        Self { signed_in: None, otherwise }
    }

    /// Who is signed in.
    pub fn account(&self) -> Option<&Account> {
        self.signed_in.as_ref().map(|(account, _)| account)
    }

    /// The token of the session.
    pub fn session(&self) -> Option<&Token> {
        self.signed_in.as_ref().map(|(_, token)| token)
    }

    /// Whether they may. Whoever sits at the machine itself may read and hand in without signing in, where the
    /// configuration says that the pages are for staff: they could read the files too. What is decided needs a name.
    pub fn may(&self, permission: Permission) -> bool {
        match &self.signed_in {
            Some((account, _)) => account.role.may(permission),
            None => {
                self.otherwise == Audience::Staff && matches!(permission, Permission::ReadPosts | Permission::HandIn)
            }
        }
    }

    /// What they are shown.
    pub fn audience(&self) -> Audience {
        if self.may(Permission::ReadPosts) { Audience::Staff } else { Audience::Public }
    }
}

/// Finds out who sends a request, for everything behind it, and what staff decided meanwhile.
pub async fn identify(State(app): State<Arc<App>>, mut request: Request, next: Next) -> Response {
    let mut visitor = Visitor::unknown(app.parts.audience);
    if let Some(token) = session_cookie(request.headers()) {
        match session::find(&app.parts.record, &token, app.now()).await {
            Ok(account) => visitor.signed_in = account.map(|account| (account, token)),
            // They are treated as not signed in, which shows and permits less.
            Err(error) => tracing::error!(%error, "it cannot be told who is signed in"),
        }
    }
    if let Err(error) = app.reviews.refresh(&app.parts.record, app.now()).await {
        tracing::error!(%error, "decisions about held issues cannot be read; those of last time hold");
    }
    request.extensions_mut().insert(visitor);
    next.run(request).await
}

/// The header that makes a browser keep the session.
///
/// # Errors
/// Never, for a token's text is plain.
pub fn keep(token: &Token) -> Result<HeaderValue, AppError> {
    cookie_header(&format!("{COOKIE}={}; Path=/; Secure; HttpOnly; SameSite=Lax", token.text()))
}

/// The header that makes a browser forget the session.
///
/// # Errors
/// Never.
pub fn forget() -> Result<HeaderValue, AppError> {
    cookie_header(&format!("{COOKIE}=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0"))
}

/// A header that gives a browser a cookie.
///
/// # Errors
/// When the text cannot stand in a header.
pub fn cookie_header(text: &str) -> Result<HeaderValue, AppError> {
    HeaderValue::from_str(text).map_err(|error| AppError::Store(format!("a cookie cannot be written: {error}")))
}

/// The value of the cookie with this name.
pub fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(found, _)| *found == name).map(|(_, value)| value)
}

fn session_cookie(headers: &HeaderMap) -> Option<Token> {
    cookie(headers, COOKIE).and_then(Token::parse)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_session_is_found_among_other_cookies() {
        let token = Token::new().unwrap();
        let mut headers = HeaderMap::new();
        headers.append(header::COOKIE, "theme=dark".parse().unwrap());
        headers.append(header::COOKIE, format!("a=b; {COOKIE}={}; c=d", token.text()).parse().unwrap());
        assert_eq!(session_cookie(&headers), Some(token));
        assert_eq!(session_cookie(&HeaderMap::new()), None);
    }

    #[test]
    fn whoever_is_not_signed_in_decides_nothing() {
        for otherwise in [Audience::Staff, Audience::Public] {
            let visitor = Visitor::unknown(otherwise);
            assert_eq!(visitor.audience(), otherwise);
            for permission in [
                Permission::TakePart,
                Permission::WorkOnPosts,
                Permission::Moderate,
                Permission::Organise,
                Permission::ReadAudit,
                Permission::Erase,
                Permission::ManageAccounts,
            ] {
                assert!(!visitor.may(permission), "{permission:?}");
            }
        }
    }
}
