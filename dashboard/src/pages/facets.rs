//! The filters beside a search: each value with the number of posts it would leave.

use index::{AnalyticsError, Group};

use crate::facet::Facet;
use crate::labels;
use crate::pages::issue::source_name;
use crate::params::Params;
use crate::period::{Period, Window};
use crate::site::Site;

/// Values shown of one facet; values that are chosen are always shown.
const MOST_OPTIONS: usize = 10;

/// One filter with its values.
pub struct FacetView {
    /// Its name on screen.
    pub title: &'static str,
    /// The name of the URL parameter.
    pub key: &'static str,
    /// Its values.
    pub options: Vec<FacetOption>,
}

/// One value of a filter.
pub struct FacetOption {
    /// The id of its checkbox.
    pub id: String,
    /// The value in the URL.
    pub value: String,
    /// Its name on screen, with its count.
    pub label: String,
    /// Whether it is chosen.
    pub chosen: bool,
}

/// A filter that is on, with the address without it.
pub struct Chip {
    /// What it asks for.
    pub label: String,
    /// The same search without it.
    pub without: String,
}

/// All filters with their values. A facet's counts leave out its own choice, so that they say what another choice
/// would find.
///
/// # Errors
/// When the counts cannot be read.
pub async fn facets(site: &Site, params: &Params, window: Option<Window>) -> Result<Vec<FacetView>, AnalyticsError> {
    let groups = |facet: Facet| {
        let filter = params.without_facet(facet).filter(window);
        async move { site.parts.analytics.groups(&filter, facet.dimension(), MOST_OPTIONS).await }
    };
    let [channel, region, topic, feeling, language, source] = Facet::ALL.map(groups);
    let (channel, region, topic, feeling, language, source) =
        tokio::try_join!(channel, region, topic, feeling, language, source)?;
    let all = [channel, region, topic, feeling, language, source];
    Ok(Facet::ALL.into_iter().zip(all).map(|(facet, groups)| view(site, params, facet, groups)).collect())
}

fn view(site: &Site, params: &Params, facet: Facet, groups: Vec<Group>) -> FacetView {
    let chosen = params.chosen(facet);
    let counted = groups.into_iter().filter(|group| group.key != index::NONE || facet.has_none());
    let mut values: Vec<(String, u64)> = counted.map(|group| (group.key, group.totals.posts)).collect();
    for value in chosen {
        if !values.iter().any(|(known, _)| known == value) {
            values.push((value.clone(), 0));
        }
    }
    let counts = site.audience().counts(&values.iter().map(|(_, posts)| *posts).collect::<Vec<_>>());
    let options = values.into_iter().zip(counts).enumerate().map(|(place, ((value, _), count))| FacetOption {
        id: format!("{}-{place}", facet.key()),
        label: format!("{} ({count})", name(site, facet, &value)),
        chosen: chosen.contains(&value),
        value,
    });
    FacetView { title: facet.title(), key: facet.key(), options: options.collect() }
}

/// The name of a value on screen.
pub fn name(site: &Site, facet: Facet, value: &str) -> String {
    match facet {
        Facet::Source => source_name(site, value),
        _ => labels::value(&site.parts.labels, facet, value).into_owned(),
    }
}

/// Every filter that is on.
pub fn chips(site: &Site, params: &Params, path: &str) -> Vec<Chip> {
    let period = params
        .period
        .filter(|period| *period != Period::Any)
        .map(|period| Chip { label: period.label(), without: params.over(None).href(path) });
    let event = params.event.as_ref().map(|event| Chip {
        label: format!("Meeting {event}"),
        without: Params { event: None, ..params.at_page(0) }.href(path),
    });
    let chosen = params.chosen.iter().flat_map(|(facet, values)| {
        values.iter().map(move |value| Chip {
            label: format!("{}: {}", facet.title(), name(site, *facet, value)),
            without: params.without(*facet, value).href(path),
        })
    });
    period.into_iter().chain(chosen).chain(event).collect()
}
