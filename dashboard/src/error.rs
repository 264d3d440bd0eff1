//! What can go wrong when answering a reader, by what the reader can do about it.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use civic::RecordError;
use index::query::QueryError;
use index::{AnalyticsError, SearchError};
use jiff::Timestamp;
use thiserror::Error;

/// Why a page, a download or an answer of the API cannot be given.
///
/// As a response it is only a status; [`crate::app`] writes the page or the JSON that explains it, in one place.
#[derive(Clone, Debug, Error)]
pub enum AppError {
    /// Nothing is at this address.
    #[error("there is nothing at this address")]
    NoPage,
    /// The id is not an issue's, or its issue was forgotten.
    #[error("no issue has this id")]
    NoIssue,
    /// The post is not there, or is gone.
    #[error("no post has this id: it may have been deleted where it was said")]
    NoPost,
    /// The issue is no longer listed.
    #[error("the issue ‘{label}’ fell back to its usual level and is no longer listed")]
    ExpiredIssue {
        /// Its last label.
        label: String,
        /// When it was last listed (UTC).
        last_listed: Timestamp,
    },
    /// The first list of issues is not there yet.
    #[error("the first posts are still being read, so there are no issues yet: try again in a minute")]
    NotYet,
    /// The public may not see this.
    #[error("posts are shown word for word to signed-in staff only")]
    StaffOnly,
    /// Only who is signed in may do this.
    #[error("sign in to do this")]
    SignIn,
    /// The role does not permit this.
    #[error("your role does not permit this: ask an administrator if it should")]
    NotPermitted,
    /// Somebody else changed the same thing in the meantime.
    #[error("somebody else changed this in the meantime: look at what they wrote, and make your change again")]
    Changed,
    /// Nothing of that kind has this id.
    #[error("nothing has this id, or no longer")]
    NotFound,
    /// A form was not sent from a page of ours.
    #[error("this form did not come from its own page: open the page again and send it from there")]
    NotFromHere,
    /// The address or the account did too much at once.
    #[error("too many requests: try again in {seconds} seconds")]
    TooMany {
        /// When it may go on.
        seconds: u32,
    },
    /// What was asked cannot be understood.
    #[error("{0}")]
    BadRequest(String),
    /// The question took too long.
    #[error("{0}")]
    TooSlow(String),
    /// A store failed. The reason is for the log, not for the reader.
    #[error("{0}")]
    Store(String),
}

impl AppError {
    /// The status that says the same to machines.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::NoPage | Self::NoIssue | Self::NoPost | Self::NotFound => StatusCode::NOT_FOUND,
            Self::SignIn => StatusCode::UNAUTHORIZED,
            Self::Changed => StatusCode::CONFLICT,
            Self::ExpiredIssue { .. } => StatusCode::GONE,
            Self::StaffOnly | Self::NotPermitted | Self::NotFromHere => StatusCode::FORBIDDEN,
            Self::TooMany { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::BadRequest(_) => StatusCode::BAD_REQUEST,
            Self::NotYet | Self::TooSlow(_) | Self::Store(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// A short name for machines.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoPage => "no_page",
            Self::NoIssue => "no_issue",
            Self::NoPost => "no_post",
            Self::ExpiredIssue { .. } => "expired_issue",
            Self::NotYet => "not_yet",
            Self::StaffOnly => "staff_only",
            Self::SignIn => "sign_in",
            Self::NotPermitted => "not_permitted",
            Self::Changed => "changed",
            Self::NotFound => "not_found",
            Self::NotFromHere => "not_from_here",
            Self::TooMany { .. } => "too_many",
            Self::BadRequest(_) => "bad_request",
            Self::TooSlow(_) => "too_slow",
            Self::Store(_) => "store_failed",
        }
    }

    /// What the reader is told.
    pub fn message(&self) -> String {
        match self {
            Self::Store(_) => "the posts cannot be read at the moment: try again in a minute".to_owned(),
            other => other.to_string(),
        }
    }
}

impl IntoResponse for AppError {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<QueryError> for AppError {
    fn from(error: QueryError) -> Self {
        Self::BadRequest(format!("the query cannot be read: {error}"))
    }
}

impl From<AnalyticsError> for AppError {
    fn from(error: AnalyticsError) -> Self {
        match error {
            AnalyticsError::Query(error) => error.into(),
            AnalyticsError::Period(message) => Self::BadRequest(message),
            AnalyticsError::Store(_) => Self::Store(error.to_string()),
        }
    }
}

impl From<SearchError> for AppError {
    fn from(error: SearchError) -> Self {
        match error {
            SearchError::Query(error) => error.into(),
            SearchError::TooSlow { .. } => Self::TooSlow(error.to_string()),
            SearchError::TooDeep { .. } => Self::BadRequest(error.to_string()),
            SearchError::Store(_) => Self::Store(error.to_string()),
        }
    }
}

impl From<RecordError> for AppError {
    fn from(error: RecordError) -> Self {
        match error {
            RecordError::Refused(sentence) => Self::BadRequest(sentence),
            RecordError::Changed => Self::Changed,
            RecordError::NotFound => Self::NotFound,
            RecordError::Unlogged
            | RecordError::Newer { .. }
            | RecordError::Store(_)
            | RecordError::Folder(_)
            | RecordError::Stopped => Self::Store(error.to_string()),
        }
    }
}

impl From<askama::Error> for AppError {
    fn from(error: askama::Error) -> Self {
        Self::Store(format!("a page could not be written: {error}"))
    }
}
