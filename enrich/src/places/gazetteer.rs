//! Reading the gazetteer: the tables in `config/places`.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use bus::PlaceKind;
use bus::config_file::{self, ConfigError};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::RegionInfo;

/// Everything that is known about places.
pub(super) struct Gazetteer {
    pub(super) regions: Vec<RegionInfo>,
    pub(super) places: Vec<Entry>,
    /// Postcode district to region.
    pub(super) districts: HashMap<String, String>,
    /// Phrases that contain a place's name and mean something else.
    pub(super) decoys: Vec<String>,
}

/// One place and how its names are to be recognised.
pub(super) struct Entry {
    pub(super) kind: PlaceKind,
    pub(super) name: String,
    pub(super) region: Option<String>,
    pub(super) rule: Rule,
    pub(super) aliases: Vec<String>,
}

/// What a name needs to be taken for the place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Rule {
    /// Nothing: no other word is spelt like it.
    Any,
    /// Its capitals.
    Capital,
    /// Its capitals, and a word beside it that speaks of a place.
    Cue,
    /// Its capitals, and no further name after it: "South West", but not "South West Trains".
    Compass,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RegionRow {
    slug: String,
    name: String,
    population: u32,
    #[serde(rename = "match")]
    rule: Rule,
    aliases: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlaceRow {
    name: String,
    region: String,
    #[serde(rename = "match")]
    rule: Rule,
    aliases: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DistrictRow {
    district: String,
    region: String,
}

/// Reads all tables in `dir`. Where two places share a name, the first of hospital, trust, board, region, town has it.
pub(super) fn read(dir: &Path) -> Result<Gazetteer, ConfigError> {
    let region_rows: Vec<(usize, RegionRow)> = Table::new(dir, "regions.csv").rows()?;
    let slugs: HashSet<String> = region_rows.iter().map(|(_, row)| row.slug.clone()).collect();
    let mut places = Vec::new();
    for (file, kind) in
        [("hospitals.csv", PlaceKind::Hospital), ("trusts.csv", PlaceKind::Trust), ("icbs.csv", PlaceKind::Icb)]
    {
        places.extend(read_places(&Table::new(dir, file), kind, &slugs)?);
    }
    for (_, row) in &region_rows {
        places.push(Entry {
            kind: PlaceKind::Region,
            name: row.name.clone(),
            region: Some(row.slug.clone()),
            rule: row.rule,
            aliases: split_aliases(&row.aliases),
        });
    }
    places.extend(read_places(&Table::new(dir, "towns.csv"), PlaceKind::Town, &slugs)?);
    let regions = region_rows
        .into_iter()
        .map(|(_, row)| RegionInfo { slug: row.slug, name: row.name, population: row.population })
        .collect();
    Ok(Gazetteer { regions, places, districts: read_districts(dir, &slugs)?, decoys: read_decoys(dir)? })
}

fn read_places(table: &Table, kind: PlaceKind, slugs: &HashSet<String>) -> Result<Vec<Entry>, ConfigError> {
    let rows: Vec<(usize, PlaceRow)> = table.rows()?;
    rows.into_iter()
        .map(|(line, row)| {
            let region = table.region(line, row.region, slugs)?;
            let aliases = split_aliases(&row.aliases);
            if row.name.trim().is_empty() {
                return Err(table.error(line, "a place needs a name"));
            }
            Ok(Entry { kind, name: row.name, region, rule: row.rule, aliases })
        })
        .collect()
}

fn read_districts(dir: &Path, slugs: &HashSet<String>) -> Result<HashMap<String, String>, ConfigError> {
    let table = Table::new(dir, "postcode_districts.csv");
    let rows: Vec<(usize, DistrictRow)> = table.rows()?;
    let mut districts = HashMap::with_capacity(rows.len());
    for (line, row) in rows {
        let region = table
            .region(line, row.region, slugs)?
            .ok_or_else(|| table.error(line, "a postcode district needs a region"))?;
        districts.insert(row.district, region);
    }
    Ok(districts)
}

fn read_decoys(dir: &Path) -> Result<Vec<String>, ConfigError> {
    let text = config_file::read_text(&dir.join("decoys.txt"))?;
    let lines = text.lines().map(str::trim);
    Ok(lines.filter(|line| !line.is_empty() && !line.starts_with('#')).map(str::to_owned).collect())
}

fn split_aliases(aliases: &str) -> Vec<String> {
    aliases.split('|').map(str::trim).filter(|alias| !alias.is_empty()).map(str::to_owned).collect()
}

/// One table, and how to speak of its faults.
struct Table {
    path: PathBuf,
}

impl Table {
    fn new(dir: &Path, file: &str) -> Self {
        Self { path: dir.join(file) }
    }

    /// The rows with their line numbers.
    fn rows<T: DeserializeOwned>(&self) -> Result<Vec<(usize, T)>, ConfigError> {
        let text = config_file::read_text(&self.path)?;
        let mut reader = csv::ReaderBuilder::new().comment(Some(b'#')).from_reader(text.as_bytes());
        let headers = reader.headers().map_err(|error| self.csv_error(&error))?.clone();
        let mut rows = Vec::new();
        for record in reader.records() {
            let record = record.map_err(|error| self.csv_error(&error))?;
            let line = record.position().map_or(1, line_of);
            let row = record.deserialize(Some(&headers)).map_err(|error| self.error(line, without_position(&error)))?;
            rows.push((line, row));
        }
        Ok(rows)
    }

    /// The region of a row, `None` where the cell is empty.
    fn region(&self, line: usize, slug: String, known: &HashSet<String>) -> Result<Option<String>, ConfigError> {
        match slug {
            slug if slug.is_empty() => Ok(None),
            slug if known.contains(&slug) => Ok(Some(slug)),
            slug => Err(self.error(line, format!("`{slug}` is not the slug of a region in regions.csv"))),
        }
    }

    fn error(&self, line: usize, message: impl Into<String>) -> ConfigError {
        ConfigError::Invalid { path: self.path.clone(), line, message: message.into() }
    }

    fn csv_error(&self, error: &csv::Error) -> ConfigError {
        self.error(error.position().map_or(1, line_of), without_position(error))
    }
}

fn line_of(position: &csv::Position) -> usize {
    usize::try_from(position.line()).unwrap_or(usize::MAX)
}

/// The fault itself: the line is said already.
fn without_position(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::Deserialize { err, .. } => err.kind().to_string(),
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("{len} columns where the header has {expected_len}; put a name that contains a comma in quotes")
        }
        _ => error.to_string(),
    }
}
