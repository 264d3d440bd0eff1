//! Routes with who may use them: no page can be added without saying so.

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::handler::Handler;
use axum::http::Method;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, delete, get, post};
use civic::Permission;

use crate::app::App;
use crate::error::AppError;
use crate::visitor::Visitor;

/// Who may use a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Everybody; what is shown depends on who reads.
    Anyone,
    /// Other systems, which show a token of their own.
    Token,
    /// Everybody who is signed in.
    SignedIn,
    /// Whoever has the permission.
    Needs(Permission),
}

impl Access {
    /// Whether this visitor may use the route.
    pub fn admits(self, visitor: &Visitor) -> bool {
        match self {
            Self::Anyone | Self::Token => true,
            Self::SignedIn => visitor.account().is_some(),
            Self::Needs(permission) => visitor.may(permission),
        }
    }
}

/// One route of the site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The method.
    pub method: Method,
    /// The address, with names in braces for its parts.
    pub path: &'static str,
    /// Who may use it.
    pub access: Access,
}

/// Routes as they are gathered.
#[derive(Default)]
pub struct Routes {
    router: Router<Arc<App>>,
    list: Vec<Route>,
}

impl Routes {
    /// A page, a download or an answer.
    #[must_use]
    pub fn get<H: Handler<T, Arc<App>>, T: 'static>(self, path: &'static str, access: Access, handler: H) -> Self {
        self.add(Method::GET, path, access, get(handler))
    }

    /// A form or a delivery that changes something.
    #[must_use]
    pub fn post<H: Handler<T, Arc<App>>, T: 'static>(self, path: &'static str, access: Access, handler: H) -> Self {
        self.add(Method::POST, path, access, post(handler))
    }

    /// A delivery that takes something away.
    #[must_use]
    pub fn delete<H: Handler<T, Arc<App>>, T: 'static>(self, path: &'static str, access: Access, handler: H) -> Self {
        self.add(Method::DELETE, path, access, delete(handler))
    }

    /// These and those.
    #[must_use]
    pub fn and(self, others: Self) -> Self {
        let list = self.list.into_iter().chain(others.list).collect();
        Self { router: self.router.merge(others.router), list }
    }

    /// A layer around the routes so far.
    #[must_use]
    pub fn around(self, wrap: impl FnOnce(Router<Arc<App>>) -> Router<Arc<App>>) -> Self {
        Self { router: wrap(self.router), list: self.list }
    }

    /// The router, and what it routes.
    pub fn finish(self) -> (Router<Arc<App>>, Vec<Route>) {
        (self.router, self.list)
    }

    fn add(mut self, method: Method, path: &'static str, access: Access, handler: MethodRouter<Arc<App>>) -> Self {
        let guarded = handler.route_layer(from_fn(move |request, next| guard(access, request, next)));
        self.router = self.router.route(path, guarded);
        self.list.push(Route { method, path, access });
        self
    }
}

async fn guard(access: Access, request: Request, next: Next) -> Response {
    let visitor = request.extensions().get::<Visitor>();
    match visitor {
        Some(visitor) if access.admits(visitor) => next.run(request).await,
        Some(visitor) if visitor.account().is_some() => AppError::NotPermitted.into_response(),
        _ if access == Access::Needs(Permission::ReadPosts) => AppError::StaffOnly.into_response(),
        _ => AppError::SignIn.into_response(),
    }
}
