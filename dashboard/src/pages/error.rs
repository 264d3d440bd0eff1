//! Pages for what is not there, or cannot be shown: each says what happened and where to go next.

use askama::Template;
use axum::response::{Html, IntoResponse, Response};

use crate::error::AppError;
use crate::format;
use crate::pages::{Chrome, Section};
use crate::params::Params;
use crate::site::Site;

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage {
    chrome: Chrome,
    /// What happened and what to do, in sentences.
    sentences: Vec<String>,
    /// Words to search for instead, where that can help, with the address of that search.
    search_for: Option<(String, String)>,
}

/// The page that explains an error.
pub fn page(site: &Site, error: &AppError) -> Response {
    let (title, sentences, search_for) = words(error);
    let search_for = search_for.map(|label| {
        let q: String = label.chars().map(|letter| if letter.is_alphanumeric() { letter } else { ' ' }).collect();
        (Params { q, ..Params::default() }.href("/search"), label)
    });
    let chrome = Chrome::new(site, Section::Other, title);
    match (ErrorPage { chrome, sentences, search_for }).render() {
        Ok(page) => Html(page).into_response(),
        // The template has no part that can fail; if one day it has, the title is still an answer.
        Err(_) => title.into_response(),
    }
}

fn words(error: &AppError) -> (&'static str, Vec<String>, Option<String>) {
    let said = |sentences: &[&str]| sentences.iter().map(|sentence| (*sentence).to_owned()).collect::<Vec<_>>();
    match error {
        AppError::NoPage => (
            "Page not found",
            said(&[
                "If you typed the web address, check it is correct.",
                "If you pasted the web address, check you copied all of it.",
            ]),
            None,
        ),
        AppError::NoIssue => (
            "Issue not found",
            said(&[
                "No issue has this address. If you copied it, check you copied all of it.",
                "Issues are remembered for about 3 weeks after they were last listed. The posts themselves can still be searched.",
            ]),
            None,
        ),
        AppError::NoPost => (
            "Post not found",
            said(&[
                "There is no post at this address.",
                "When people delete what they said, it is removed here too. It may also be too old to be kept.",
            ]),
            None,
        ),
        AppError::ExpiredIssue { label, last_listed } => (
            "This issue is no longer listed",
            vec![
                format!(
                    "‘{label}’ fell back to its usual level. It was last listed on {}.",
                    format::moment(*last_listed)
                ),
                "What people said can still be searched.".to_owned(),
            ],
            Some(label.clone()),
        ),
        AppError::NotYet => (
            "No issues yet",
            said(&["The first posts are still being read.", "Load this page again in a minute."]),
            None,
        ),
        AppError::StaffOnly => (
            "This page is for staff",
            said(&[
                "Posts are shown word for word to signed-in staff only, to protect the people who wrote them.",
                "Counts of posts are shown to everyone.",
            ]),
            None,
        ),
        AppError::SignIn => {
            ("Sign in first", said(&["Only people who are signed in can do this. Nothing was kept."]), None)
        }
        AppError::NotPermitted => (
            "Your role does not permit this",
            said(&["You are signed in, but not with a role that may do this. Ask an administrator if it should."]),
            None,
        ),
        AppError::Changed => (
            "Somebody else was faster",
            said(&[
                "Somebody changed this while you had it open. Nothing of yours was kept, and nothing of theirs was lost.",
                "Go back, load the page again, look at what they wrote, and make your change again.",
            ]),
            None,
        ),
        AppError::NotFound => (
            "Not found",
            said(&["There is nothing at this address, or no longer. If you copied it, check you copied all of it."]),
            None,
        ),
        AppError::NotFromHere => (
            "This form cannot be taken",
            said(&[
                "It did not come from its own page, or the page was open while Discovery was started again.",
                "Open the page again and send the form from there. Nothing was kept.",
            ]),
            None,
        ),
        AppError::TooMany { seconds } => (
            "Too much at once",
            vec![
                "More came from your address or your account in one minute than is usual. Nothing of this was kept.".to_owned(),
                format!("Wait {}, go back, and send it again. Reading is not limited.", format::counted((*seconds).into(), "second", "seconds")),
                "If others share your address, as in a hospital, they may have used it up. The people who run this site can allow more.".to_owned(),
            ],
            None,
        ),
        AppError::BadRequest(message) => ("This address cannot be read", vec![sentence(message)], None),
        AppError::TooSlow(message) => ("This took too long", vec![sentence(message)], None),
        AppError::Store(_) => (
            "Sorry, there is a problem with the service",
            said(&[
                "The posts cannot be read at the moment. Nothing that was collected is lost.",
                "Try again in a minute. If it goes on, tell the person who runs Discovery: its log says why.",
            ]),
            None,
        ),
    }
}

/// A message as a sentence.
fn sentence(message: &str) -> String {
    format!("{}.", format::sentence_start(message).trim_end_matches('.'))
}
