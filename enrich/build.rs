//! Lets the program find libtorch where it was built with it: no variable has to be set to start it, and its children,
//! which get an empty environment, start as well.

fn main() {
    println!("cargo:rerun-if-env-changed=LIBTORCH");
    if let (Some(_), Ok(libtorch)) = (std::env::var_os("CARGO_FEATURE_RUST_BERT"), std::env::var("LIBTORCH")) {
        println!("cargo:rustc-link-arg=-Wl,-rpath,{libtorch}/lib");
    }
}
