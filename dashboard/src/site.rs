//! The site as one visitor sees it: what handlers are given.

use std::ops::Deref;
use std::sync::Arc;

use axum::extract::{FromRequestParts, Request};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use civic::{Actor, Permission, Record};
use index::trends::{Issue, TrendList};

use crate::app::App;
use crate::config::Audience;
use crate::error::AppError;
use crate::visitor::Visitor;

/// The site, and who visits it.
#[derive(Clone)]
pub struct Site {
    app: Arc<App>,
    /// Who visits.
    pub visitor: Visitor,
}

impl Site {
    /// The site as whoever sent the request sees it.
    pub fn of(app: &Arc<App>, request: &Request) -> Self {
        Self::new(app, request.extensions().get())
    }

    fn new(app: &Arc<App>, visitor: Option<&Visitor>) -> Self {
        // A request that nobody looked at is one of somebody who may the least.
        let visitor = visitor.cloned().unwrap_or_else(|| Visitor::unknown(Audience::Public));
        Self { app: Arc::clone(app), visitor }
    }

    /// What the visitor is shown.
    pub fn audience(&self) -> Audience {
        self.visitor.audience()
    }

    /// Whether the visitor may.
    pub fn may(&self, permission: Permission) -> bool {
        self.visitor.may(permission)
    }

    /// The record of decisions.
    pub fn record(&self) -> &Record {
        &self.app.parts.record
    }

    /// Who decides, in the record.
    ///
    /// # Errors
    /// [`AppError::SignIn`] when nobody is signed in.
    pub fn actor(&self) -> Result<Actor, AppError> {
        self.visitor.account().map(civic::Account::actor).ok_or(AppError::SignIn)
    }

    /// The issues that are held, which only staff see.
    pub fn held<'a>(&self, list: &'a TrendList) -> &'a [Issue] {
        match self.audience() {
            Audience::Staff => &list.held,
            Audience::Public => &[],
        }
    }

    /// What the visitor's forms carry, so that no other site can send them. It is of this session only.
    pub fn form_token(&self) -> String {
        match self.visitor.session() {
            Some(session) => session.derive("forms"),
            None => self.app.form_token.text().to_owned(),
        }
    }

    /// Whether a form that carried `sent`, with these headers, comes from a page that this visitor was given.
    pub fn admits(&self, headers: &HeaderMap, sent: &str) -> bool {
        crate::same_origin::admits(headers, &self.form_token(), sent)
    }
}

impl Deref for Site {
    type Target = App;

    fn deref(&self) -> &App {
        &self.app
    }
}

impl FromRequestParts<Arc<App>> for Site {
    type Rejection = AppError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, AppError> {
        Ok(Self::new(app, parts.extensions.get()))
    }
}
