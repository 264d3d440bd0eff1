//! What people see: the state of the conversation, issues, search and sources, as pages and as a JSON API.
//!
//! Pages are rendered on the server, work without JavaScript, and keep every filter in the URL. What people decide is kept in
//! the record (`civic`); what people hand in and other systems send goes through two narrow doors (`doors.rs`).

mod admin;
mod alert;
mod api;
mod app;
mod assets;
mod cache;
mod charts;
mod config;
mod count;
mod csv;
mod decision;
mod doors;
mod download;
mod error;
mod facet;
mod feeds;
mod findings;
mod format;
mod labels;
mod limits;
mod measure;
mod network;
mod news;
mod openid;
mod pages;
mod params;
mod period;
mod push;
mod reviews;
mod routes;
mod same_origin;
mod sent;
mod serve;
mod site;
#[cfg(test)]
mod testing;
mod uncollected;
mod visitor;

pub use admin::{Ready, serve_admin};
pub use alert::Alert;
pub use app::{router, routes};
pub use config::{Audience, AudienceError, DashboardConfig, SignInConfig, check_audience};
pub use doors::{
    Corrector, Eraser, Found, Meant, Outward, Preview, Received, Receiver, Refusal, ShowSecret, Shown, Submissions,
    Upload,
};
pub use labels::{Labels, RegionLabel, TopicLabel, status_slug};
pub use limits::LimitsConfig;
pub use network::Network;
pub use openid::{OpenIdConfig, try_provider};
pub use reviews::Reviews;
pub use routes::{Access, Route, Routes};
pub use serve::{Notice, Parts, StageLag, serve};
