//! What is sent: a text for people, as chat services expect it, and the same for programs.

use dashboard::{Alert, Audience};
use serde::Serialize;
use url::Url;

use super::rule::Rule;

/// A message of one or several alerts.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Message {
    /// A line that says what it is about.
    #[serde(skip)]
    pub(super) subject: String,
    /// The whole of it in words.
    pub(super) text: String,
    rule: String,
    issues: Vec<Item>,
}

#[derive(Clone, Debug, Serialize)]
struct Item {
    id: String,
    label: String,
    status: &'static str,
    sentence: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<Url>,
}

impl Message {
    /// The message that tells `news` to the people of `rule`; `site` is where the pages are.
    pub(super) fn new(rule: &Rule, news: &[Alert], site: Option<&Url>) -> Self {
        let issues: Vec<Item> = news.iter().map(|alert| Item::new(alert, site)).collect();
        let subject = match news {
            [alert] => format!("Discovery: {} ({})", alert.label, rule.name),
            several => format!("Discovery: {} issues ({})", several.len(), rule.name),
        };
        let lines = issues.iter().map(|item| match &item.url {
            Some(url) => format!("{} {url}", item.sentence),
            None => item.sentence.clone(),
        });
        let heading = format!("Discovery, \"{}\":", rule.name);
        let text = std::iter::once(heading).chain(lines).collect::<Vec<_>>().join("\n");
        Self { subject, text, rule: rule.name.clone(), issues }
    }
}

impl Item {
    fn new(alert: &Alert, site: Option<&Url>) -> Self {
        Self {
            id: alert.issue.to_string(),
            label: alert.label.clone(),
            status: dashboard::status_slug(alert.status),
            // It leaves the house: counts are those that everybody may see.
            sentence: alert.sentence(Audience::Public),
            url: site.and_then(|site| site.join(&alert.path()).ok()),
        }
    }
}
