//! What people see: the state of the conversation, issues, search and sources, as pages and as a JSON API.
//!
//! Pages are rendered on the server, work without JavaScript, and keep every filter in the URL. This crate has no store of
//! its own: what people hand in and other systems send goes through two narrow doors (`doors.rs`).

mod admin;
mod api;
mod app;
mod assets;
mod cache;
mod charts;
mod config;
mod count;
mod csv;
mod doors;
mod download;
mod error;
mod facet;
mod feeds;
mod findings;
mod format;
mod labels;
mod measure;
mod news;
mod pages;
mod params;
mod period;
mod push;
mod same_origin;
mod serve;
#[cfg(test)]
mod testing;
mod uncollected;

pub use admin::{Ready, serve_admin};
pub use app::router;
pub use config::{Audience, AudienceError, DashboardConfig, check_audience};
pub use doors::{Preview, Received, Receiver, Refusal, Shown, Submissions, Upload};
pub use labels::{Labels, RegionLabel, TopicLabel};
pub use serve::{Notice, Parts, serve};
