//! Lets the program find libtorch where it was built with it: no variable has to be set to start it, and its children,
//! which get an empty environment, start as well.

use std::env;

fn main() {
    println!("cargo::rerun-if-env-changed=LIBTORCH");
    println!("cargo::rerun-if-env-changed=LIBTORCH_USE_PYTORCH");
    if env::var_os("CARGO_FEATURE_RUST_BERT").is_none() {
        return;
    }
    match env::var("LIBTORCH") {
        Ok(libtorch) => println!("cargo::rustc-link-arg=-Wl,-rpath,{libtorch}/lib"),
        Err(_) if env::var_os("LIBTORCH_USE_PYTORCH").is_some() => {}
        // The build of torch-sys fails as well, with advice that leads to a version that does not fit.
        Err(_) => println!(
            "cargo::error=the feature rust-bert needs libtorch, and LIBTORCH does not say where that is: run `make models`, then `eval \"$(scripts/models.sh env)\"`, and build again (docs/models.md)"
        ),
    }
}
