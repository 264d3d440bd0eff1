//! The pages: each module loads what its page says, puts it into words, and renders its template.

pub mod assembly;
pub mod correct;
pub mod corrected;
pub mod error;
pub mod facets;
pub mod form;
mod form_page;
pub mod gather;
pub mod home;
pub mod issue;
pub mod issues;
pub mod people;
pub mod post;
pub mod quotes;
pub mod review;
pub mod search;
pub mod sources;
pub mod submit;
pub mod texts;
pub mod tiles;
pub mod who;
pub mod without;
pub mod work;

use askama::Template;
use axum::response::Html;
use civic::Permission;

use crate::config::Audience;
use crate::error::AppError;
use crate::format;
use crate::serve::Notice;
use crate::site::Site;

/// What every page has around its content.
pub struct Chrome {
    /// The page's title, for the browser.
    pub title: String,
    /// Where the page is in the menu.
    pub section: Section,
    /// The query in the search box of the header.
    pub q: String,
    /// Whether to say that the data is made up.
    pub fictional: bool,
    /// Whether the reader is the public.
    pub public: bool,
    /// When the data on the page was read, in words.
    pub updated: String,
    /// That only a part of the latest posts was tagged by the larger model, in words; empty where it was all, or none.
    pub sampled: String,
    /// What the page's forms carry.
    pub form_token: String,
    /// Who is signed in: name and role.
    pub signed_in: Option<(String, &'static str)>,
    /// The pages of the visitor's role: address and name.
    pub tools: Vec<(&'static str, &'static str)>,
}

/// The entries of the menu.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// State of the conversation.
    State,
    /// Issues.
    Issues,
    /// Search.
    Search,
    /// Gather.
    Gather,
    /// The Assembly.
    Assembly,
    /// Sources.
    Sources,
    /// Help.
    Help,
    /// Not in the menu.
    Other,
}

impl Section {
    /// The menu: section, address, name.
    pub const MENU: [(Self, &'static str, &'static str); 7] = [
        (Self::State, "/", "State of the conversation"),
        (Self::Issues, "/issues", "Issues"),
        (Self::Search, "/search", "Search"),
        (Self::Gather, "/gather", "Gather"),
        (Self::Assembly, "/assembly", "Assembly"),
        (Self::Sources, "/sources", "Sources"),
        (Self::Help, "/help", "Help"),
    ];
}

impl Section {
    /// The first page of this part: address and name; the state of the conversation for what is not in the menu.
    fn first_page(self) -> (String, String) {
        let (_, address, name) = Self::MENU.into_iter().find(|(section, ..)| *section == self).unwrap_or(Self::MENU[0]);
        (address.to_owned(), name.to_owned())
    }
}

impl Chrome {
    /// The surroundings of a page whose data was read now.
    pub fn new(site: &Site, section: Section, title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            section,
            q: String::new(),
            fictional: site.parts.notice == Notice::Fictional,
            public: site.audience() == Audience::Public,
            updated: format::moment(site.now()),
            sampled: sampled((site.parts.tagged_by_larger_model)()),
            form_token: site.form_token(),
            signed_in: site.visitor.account().map(|account| (account.name.clone(), account.role.name())),
            tools: tools(site),
        }
    }

    /// The menu: address, name, and whether the page is there.
    pub fn menu(&self) -> impl Iterator<Item = (&'static str, &'static str, bool)> + '_ {
        Section::MENU.iter().map(|(section, address, name)| (*address, *name, *section == self.section))
    }
}

/// What to say where the larger model has tagged only this share of the latest posts.
fn sampled(share: Option<f64>) -> String {
    match share {
        Some(share) if share < 0.995 => format!(
            "Of the latest English posts, the larger model has tagged {}, chosen by chance; it cannot keep up, and the others have the tags of the smaller model. ",
            format::percent(share)
        ),
        _ => String::new(),
    }
}

/// The pages that only some roles have.
fn tools(site: &Site) -> Vec<(&'static str, &'static str)> {
    const TOOLS: [(Permission, &str, &str); 3] = [
        (Permission::WorkOnPosts, "/work", "Work"),
        (Permission::ManageAccounts, "/admin/accounts", "Accounts"),
        (Permission::Erase, people::ERASURES, "Erasure"),
    ];
    let open = TOOLS.into_iter().filter(|(permission, ..)| site.may(*permission));
    open.map(|(_, address, name)| (address, name)).collect()
}

/// A page from its template.
pub fn render(template: &impl Template) -> Result<Html<String>, AppError> {
    Ok(Html(template.render()?))
}

/// What is wrong with which field of a form.
pub type Problems = Vec<(&'static str, String)>;

/// What is wrong with a field of a form.
fn problem_with<'a>(problems: &'a [(&'static str, String)], field: &str) -> Option<&'a str> {
    problems.iter().find(|(name, _)| *name == field).map(|(_, message)| message.as_str())
}
