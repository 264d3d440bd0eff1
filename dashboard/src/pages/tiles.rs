//! The numbers at the top of the home page, each with what it counts and what it is compared with.

use bus::SourceState;
use index::Totals;
use index::trends::TrendList;

use crate::format::{self, counted, thousands};
use crate::pages::home::HomeData;
use crate::params::Params;
use crate::period::Period;
use crate::site::Site;

/// A number with its explanation.
pub struct Tile {
    /// The number.
    pub number: String,
    /// What it counts, as the rest of the sentence.
    pub text: String,
    /// The address and the words of a link.
    pub link: Option<(String, String)>,
}

/// The tiles of the home page.
pub fn tiles(site: &Site, params: &Params, period: Period, data: &HomeData, list: Option<&TrendList>) -> Vec<Tile> {
    let audience = site.audience();
    let compared = |now: u64, before: fn(&Totals) -> u64| match &data.before {
        Some(totals) if audience.count(before(totals)).exact().is_some() && audience.count(now).exact().is_some() => {
            match format::change(now, before(totals)) {
                Some(change) if change == "the same" => format!(", as many as in {}", period.before_label()),
                Some(change) => format!(", {change} on {}", period.before_label()),
                None => format!(", and none in {}", period.before_label()),
            }
        }
        _ => String::new(),
    };
    let posts = Tile {
        number: audience.count(data.totals.posts).to_string(),
        text: format!("posts{}", compared(data.totals.posts, |totals| totals.posts)),
        link: Some((params.over(Some(period)).href("/search"), "Open in search".to_owned())),
    };
    let voices = Tile {
        number: match audience.count(data.totals.voices) {
            few if few.exact().is_none_or(|number| number < 100) => few.to_string(),
            many => format!("About {many}"),
        },
        text: format!(
            "voices: different people, each counted once{}",
            compared(data.totals.voices, |totals| totals.voices)
        ),
        link: None,
    };
    let rising = list.map(|list| {
        use index::trends::model::Status::{New, Rising};
        let rising = list.issues.iter().filter(|issue| matches!(issue.status, New | Rising));
        let number = rising.filter(|issue| params.concerns(issue)).count() as u64;
        let held = site.held(list).len() as u64;
        Tile {
            number: thousands(number),
            text: if number == 1 { "issue rising or new".to_owned() } else { "issues rising or new".to_owned() },
            link: (held > 0).then(|| {
                let words = counted(held, "issue held for a person to check", "issues held for a person to check");
                ("/issues?status=held".to_owned(), words)
            }),
        }
    });
    [Some(posts), Some(voices), rising, sources_tile(site)].into_iter().flatten().collect()
}

fn sources_tile(site: &Site) -> Option<Tile> {
    let health = (site.parts.health)();
    let works = |state: SourceState| matches!(state, SourceState::Working);
    let working = health.iter().filter(|source| works(source.state)).count() as u64;
    let all = health.len() as u64;
    let link = match all - working {
        0 => "See sources".to_owned(),
        problems => format!("See {} with problems", thousands(problems)),
    };
    (all > 0).then(|| Tile {
        number: format!("{} of {}", thousands(working), thousands(all)),
        text: "sources working".to_owned(),
        link: Some(("/sources".to_owned(), link)),
    })
}
