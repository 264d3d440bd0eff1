//! Who is heard, and who is missing: the mix of channels, regions and languages against what it would be if everyone
//! spoke as much.

use askama::Template;
use bus::Channel;
use index::trends::TrendList;
use index::{Group, NONE};

use crate::charts::meter;
use crate::config::Audience;
use crate::facet::Facet;
use crate::format::{self, percent};
use crate::labels::{self, Labels};
use crate::pages::home::HomeData;
use crate::params::Params;
use crate::site::Site;

/// Under this part of its share of the population, a region counts as hardly heard.
const HARDLY_HEARD: f64 = 0.7;
/// Regions are compared only where so many posts name one: with fewer, chance alone would leave some out.
const ENOUGH_POSTS: u64 = 100;
/// People in England and Wales in 2021 whose main language was not English (or Welsh in Wales), of all aged 3 and
/// over. Source: Office for National Statistics, "Language, England and Wales: Census 2021".
const OTHER_MAIN_LANGUAGE: f64 = 0.089;

/// One part of the mix.
pub struct Part {
    /// Its name.
    pub name: String,
    /// Its posts.
    pub posts: String,
    /// Its voices.
    pub voices: String,
    /// Its share of the posts, in words.
    pub share: String,
    /// Its share of posts against its share of the population, in words.
    pub against_population: String,
    /// A bar.
    pub meter: String,
}

/// The mix as a table.
#[derive(Template)]
#[template(path = "part_table.html")]
pub struct PartTable {
    caption: &'static str,
    first_column: &'static str,
    /// Whether the parts are compared with the population.
    population: bool,
    /// One row a part.
    pub parts: Vec<Part>,
}

/// Somebody who is hardly heard.
pub struct Missing {
    /// Who.
    pub who: String,
    /// How one can tell, as the rest of the sentence.
    pub why: String,
}

/// The mix of channels, in the order shown on screen, with those that are silent.
pub fn parts_of_channels(groups: &[Group], audience: Audience) -> PartTable {
    let found = |channel: Channel| groups.iter().find(|group| group.key == channel.slug());
    let rows: Vec<(String, Option<&Group>, Option<f64>)> =
        Channel::ALL.iter().map(|channel| (labels::channel(*channel).to_owned(), found(*channel), None)).collect();
    let parts = parts(&rows, audience);
    PartTable { caption: "Posts and voices by source type", first_column: "Source type", population: false, parts }
}

/// The mix of regions: every region, most posts first. Posts without a region are not part of it.
pub fn parts_of_regions(groups: &[Group], labels: &Labels, audience: Audience) -> PartTable {
    let mut rows: Vec<(String, Option<&Group>, Option<f64>)> = labels
        .regions
        .iter()
        .map(|(slug, region)| {
            let group = groups.iter().find(|group| group.key == *slug);
            (region.name.clone(), group, labels.population_share(slug))
        })
        .collect();
    rows.sort_by_key(|(_, group, _)| std::cmp::Reverse(group.map_or(0, |group| group.totals.posts)));
    let parts = parts(&rows, audience);
    PartTable { caption: "Posts and voices by NHS region", first_column: "Region", population: true, parts }
}

fn parts(rows: &[(String, Option<&Group>, Option<f64>)], audience: Audience) -> Vec<Part> {
    let numbers: Vec<u64> = rows.iter().map(|(_, group, _)| group.map_or(0, |group| group.totals.posts)).collect();
    let counts = audience.counts(&numbers);
    let all: u64 = numbers.iter().sum();
    let largest = numbers.iter().copied().max().unwrap_or(0).max(1) as f64;
    rows.iter()
        .zip(&counts)
        .map(|((name, group, population), count)| {
            let shown = count.exact().filter(|_| all > 0);
            let share = shown.map(|number| number as f64 / all as f64);
            let against = share.zip(*population).filter(|(_, population)| *population > 0.0);
            Part {
                name: name.clone(),
                posts: count.to_string(),
                voices: match group {
                    Some(group) if shown.is_some() => audience.count(group.totals.voices).to_string(),
                    Some(_) => "not shown".to_owned(),
                    None => audience.count(0).to_string(),
                },
                share: share.map_or_else(|| "not shown".to_owned(), percent),
                against_population: against
                    .map_or_else(|| "not shown".to_owned(), |(share, population)| format::times(share / population)),
                meter: meter(count.plotted() / largest),
            }
        })
        .collect()
}

/// Who is hardly heard, as far as the counts can tell. What the reader chose to leave out is not missing.
pub fn missing(site: &Site, params: &Params, data: &HomeData, list: Option<&TrendList>) -> Vec<Missing> {
    let left_out = |facet| !params.chosen(facet).is_empty();
    let mut missing = Vec::new();
    if !left_out(Facet::Region) {
        missing.extend(quiet_regions(&data.regions, &site.parts.labels));
    }
    if !left_out(Facet::Channel) {
        missing.extend(quiet_channels(&data.channels, site.audience()));
    }
    if !left_out(Facet::Language) {
        missing.extend(other_languages(&data.languages));
    }
    if let Some(list) = list {
        missing.extend(only_offline(list));
    }
    missing
}

fn quiet_regions(groups: &[Group], labels: &Labels) -> Vec<Missing> {
    let posts_of = |slug: &str| groups.iter().find(|group| group.key == slug).map_or(0, |group| group.totals.posts);
    let all: u64 = labels.regions.keys().map(|slug| posts_of(slug)).sum();
    if all < ENOUGH_POSTS {
        return Vec::new();
    }
    let mut quiet: Vec<(f64, Missing)> = labels
        .regions
        .iter()
        .filter_map(|(slug, region)| {
            let population = labels.population_share(slug)?;
            let share = posts_of(slug) as f64 / all as f64;
            let why = format!(
                "has {} of the posts that name a region, and {} of the population",
                percent(share),
                percent(population)
            );
            (share < HARDLY_HEARD * population).then(|| (share / population, Missing { who: region.name.clone(), why }))
        })
        .collect();
    quiet.sort_by(|a, b| a.0.total_cmp(&b.0));
    quiet.into_iter().map(|(_, missing)| missing).collect()
}

fn quiet_channels(groups: &[Group], audience: Audience) -> Option<Missing> {
    let offline =
        groups.iter().find(|group| group.key == Channel::Offline.slug()).map_or(0, |group| group.totals.posts);
    let all: u64 = groups.iter().map(|group| group.totals.posts).sum();
    let why = match audience.count(offline).exact() {
        Some(0) => "none came from meetings in this period".to_owned(),
        Some(number) if (number as f64) < 0.05 * all as f64 => {
            format!("only {} of the posts come from meetings", percent(number as f64 / all as f64))
        }
        _ => return None,
    };
    (all > 0).then(|| Missing { who: "People who are not online".to_owned(), why })
}

fn other_languages(groups: &[Group]) -> Option<Missing> {
    let known: u64 = groups.iter().filter(|group| group.key != NONE).map(|group| group.totals.posts).sum();
    let other: u64 = groups
        .iter()
        .filter(|group| group.key != NONE && group.key != "en" && group.key != "cy")
        .map(|group| group.totals.posts)
        .sum();
    let share = other as f64 / known.max(1) as f64;
    (known >= ENOUGH_POSTS && share < HARDLY_HEARD * OTHER_MAIN_LANGUAGE).then(|| Missing {
        who: "People whose main language is not English".to_owned(),
        why: format!(
            "{} of the posts are in another language; about {} of people in England and Wales have another main language (Census 2021)",
            percent(share),
            percent(OTHER_MAIN_LANGUAGE)
        ),
    })
}

fn only_offline(list: &TrendList) -> Option<Missing> {
    let offline: Vec<String> = list
        .issues
        .iter()
        .filter(|issue| !issue.channels.is_empty())
        .filter(|issue| issue.channels.iter().all(|evidence| evidence.channel == Channel::Offline))
        .map(|issue| format!("‘{}’", issue.label))
        .collect();
    (!offline.is_empty()).then(|| Missing {
        who: "Online".to_owned(),
        why: format!("hardly a word about {}: heard only in meetings", format::list(&offline)),
    })
}

#[cfg(test)]
mod tests {
    use index::Totals;

    use super::*;
    use crate::labels::RegionLabel;

    fn group(key: &str, posts: u64) -> Group {
        Group { key: key.to_owned(), totals: Totals { posts, voices: posts / 2 } }
    }

    fn labels() -> Labels {
        let region = |name: &str, population| RegionLabel { name: name.to_owned(), population };
        let regions = [
            ("london".to_owned(), region("London", 8_000_000)),
            ("south-west".to_owned(), region("South West", 2_000_000)),
        ];
        Labels { regions: regions.into(), ..Labels::default() }
    }

    #[test]
    fn a_region_is_compared_with_its_part_of_the_population() {
        let parts = parts_of_regions(
            &[group("london", 190), group("south-west", 10), group(NONE, 500)],
            &labels(),
            Audience::Staff,
        )
        .parts;
        let rows: Vec<_> = parts
            .iter()
            .map(|p| (p.name.as_str(), p.posts.as_str(), p.share.as_str(), p.against_population.as_str()))
            .collect();
        assert_eq!(rows, [("London", "190", "95%", "1.2 times"), ("South West", "10", "5%", "0.2 times")]);
    }

    #[test]
    fn who_is_hardly_heard_is_named_with_the_reason() {
        let quiet = quiet_regions(&[group("london", 190), group("south-west", 10)], &labels());
        assert_eq!(quiet.len(), 1);
        assert_eq!(quiet[0].who, "South West");
        assert_eq!(quiet[0].why, "has 5% of the posts that name a region, and 20% of the population");
        assert!(quiet_regions(&[group("london", 19), group("south-west", 1)], &labels()).is_empty(), "too few to tell");
        assert!(other_languages(&[group("en", 990), group("pl", 10)]).is_some());
        assert!(other_languages(&[group("en", 900), group("pl", 100)]).is_none());
    }

    #[test]
    fn the_public_cannot_subtract_its_way_to_a_small_count() {
        let parts =
            parts_of_regions(&[group("london", 190), group("south-west", 3)], &labels(), Audience::Public).parts;
        assert!(parts.iter().all(|part| part.posts == "fewer than 10"), "of two parts one alone may not be left out");
        assert!(parts.iter().all(|part| part.voices == "not shown" && part.share == "not shown"));
    }
}
