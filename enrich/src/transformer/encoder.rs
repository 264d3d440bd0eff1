//! The encoder: a model of the BERT family from a directory, run by rust-bert on libtorch.

use std::fs::{self, File};
use std::io::Read as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use rust_bert::distilbert::DistilBertConfig;
use rust_bert::pipelines::common::{ConfigOption, ModelType, TokenizerOption};
use rust_bert::pipelines::sentence_embeddings::SentenceEmbeddingsOption;
use serde::Deserialize;
use tch::nn::VarStore;
use tch::{Device, Kind, Tensor};

use super::error::TransformerError;
use super::worker::Embed;

/// What is beyond so many tokens is not looked at: posts are shorter, and time grows with the square of them.
const MAX_TOKENS: usize = 128;

/// Texts that are computed at once. More do not go faster on a CPU, and need more memory.
const BATCH: usize = 32;

/// A loaded model. It can be sent to another thread, but serves one at a time.
pub(crate) struct Encoder {
    model: SentenceEmbeddingsOption,
    tokenizer: TokenizerOption,
    /// Fills up the shorter texts of a batch.
    padding: i64,
    max_tokens: usize,
    width: usize,
    /// Keeps the weights that `model` refers to.
    _weights: VarStore,
}

/// What must be known of `config.json`; rust-bert reads the rest.
#[derive(Deserialize)]
struct ModelConfig {
    model_type: String,
    #[serde(alias = "dim")]
    hidden_size: usize,
    max_position_embeddings: usize,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct TokenizerConfig {
    do_lower_case: Option<bool>,
    strip_accents: Option<bool>,
}

impl Encoder {
    /// Loads the model in `dir`, as transformers and sentence-transformers save it, adds the low-rank `adapters` to its
    /// weights, and makes libtorch use so many `threads`.
    ///
    /// # Errors
    /// [`TransformerError`], where files are missing or this is not a BERT, `RoBERTa` or `DistilBERT`.
    pub(crate) fn load(dir: &Path, adapters: Option<&Path>, threads: u32) -> Result<Self, TransformerError> {
        let unusable = |reason: String| TransformerError::Unusable { dir: dir.to_owned(), reason };
        let config_path = existing(dir, "config.json")?;
        let config: ModelConfig = parse(&config_path).map_err(unusable)?;
        let family = family(&config.model_type).map_err(unusable)?;
        let weights_path = existing(dir, "model.safetensors")?;
        let vocabulary = existing(dir, if family == ModelType::Roberta { "vocab.json" } else { "vocab.txt" })?;
        let merges = if family == ModelType::Roberta { Some(existing(dir, "merges.txt")?) } else { None };
        tch::set_num_threads(i32::try_from(threads).unwrap_or(i32::MAX));
        // rust-bert panics at a configuration that it cannot read.
        let loaded = catch_unwind(AssertUnwindSafe(|| {
            let tokenizer = tokenizer(family, dir, &vocabulary, merges.as_deref())?;
            let (model, weights) = model(family, &config_path, &weights_path, adapters)?;
            Ok((tokenizer, model, weights))
        }));
        let (tokenizer, model, weights) = loaded
            .unwrap_or_else(|_| Err("rust-bert does not understand its config.json".to_owned()))
            .map_err(unusable)?;
        // Two of RoBERTa's positions are taken by its padding.
        let positions = config.max_position_embeddings - if family == ModelType::Roberta { 2 } else { 0 };
        let padding = tokenizer.get_pad_id().ok_or_else(|| unusable("its vocabulary has no padding".to_owned()))?;
        let max_tokens = MAX_TOKENS.min(positions);
        Ok(Self { model, tokenizer, padding, max_tokens, width: config.hidden_size, _weights: weights })
    }

    fn embed_batch(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, String> {
        let (ids, _) = self.tokenizer.tokenize_and_pad(texts, self.max_tokens, Device::Cpu);
        let mask = ids.ne(self.padding).to_kind(Kind::Int64);
        let pooled = tch::no_grad(|| {
            let (hidden, _) = self.model.forward(&ids, &mask).map_err(|error| error.to_string())?;
            let kept = mask.unsqueeze(-1).to_kind(Kind::Float);
            let sums = (hidden * &kept).sum_dim_intlist([1_i64].as_slice(), false, Kind::Float);
            let mean = sums / kept.sum_dim_intlist([1_i64].as_slice(), false, Kind::Float);
            let length = mean.norm_scalaropt_dim(2, [1_i64].as_slice(), true).clamp_min(1e-12);
            Ok::<_, String>(mean / length)
        })?;
        Vec::<Vec<f32>>::try_from(&pooled).map_err(|error| error.to_string())
    }
}

impl Embed for Encoder {
    fn width(&self) -> usize {
        self.width
    }

    fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, TransformerError> {
        // Texts of about one length fill up a batch with little padding.
        let mut order: Vec<usize> = (0..texts.len()).collect();
        order.sort_by_key(|index| texts[*index].len());
        let mut vectors = vec![Vec::new(); texts.len()];
        for batch in order.chunks(BATCH) {
            let texts: Vec<&str> = batch.iter().map(|index| texts[*index]).collect();
            let embedded = self.embed_batch(&texts).map_err(TransformerError::Failed)?;
            batch.iter().zip(embedded).for_each(|(index, vector)| vectors[*index] = vector);
        }
        Ok(vectors)
    }
}

fn existing(dir: &Path, name: &str) -> Result<PathBuf, TransformerError> {
    let path = dir.join(name);
    if path.is_file() { Ok(path) } else { Err(TransformerError::Missing { path }) }
}

fn parse<T: for<'a> Deserialize<'a>>(path: &Path) -> Result<T, String> {
    let text = fs::read_to_string(path).map_err(|error| error.to_string())?;
    serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))
}

fn family(model_type: &str) -> Result<ModelType, String> {
    match model_type {
        "bert" => Ok(ModelType::Bert),
        "roberta" => Ok(ModelType::Roberta),
        "distilbert" => Ok(ModelType::DistilBert),
        other => Err(format!("its model_type is {other}; bert, roberta and distilbert are known")),
    }
}

fn tokenizer(
    family: ModelType,
    dir: &Path,
    vocabulary: &Path,
    merges: Option<&Path>,
) -> Result<TokenizerOption, String> {
    let path = dir.join("tokenizer_config.json");
    let config: TokenizerConfig = if path.is_file() { parse(&path)? } else { TokenizerConfig::default() };
    let merges = merges.map(|path| path.to_string_lossy().into_owned());
    let (lower_case, strip_accents) = match family {
        ModelType::Roberta => (false, None),
        _ => (config.do_lower_case.unwrap_or(true), config.strip_accents),
    };
    let vocabulary = vocabulary.to_string_lossy();
    TokenizerOption::from_file(family, &vocabulary, merges.as_deref(), lower_case, strip_accents, None)
        .map_err(|error| error.to_string())
}

fn model(
    family: ModelType,
    config: &Path,
    weights: &Path,
    adapters: Option<&Path>,
) -> Result<(SentenceEmbeddingsOption, VarStore), String> {
    let mut store = VarStore::new(Device::Cpu);
    let config = read_config(family, config)?;
    // A model that was saved with a head has its encoder under a name of its own.
    let found = prefix(weights, family)?;
    // rust-bert puts that of a DistilBERT before it in any case.
    let (root, prefix) = match (family, found) {
        (ModelType::DistilBert, _) => (store.root(), "distilbert"),
        (_, "") => (store.root(), ""),
        (_, found) => (store.root() / found, found),
    };
    let model = SentenceEmbeddingsOption::new(family, root, &config).map_err(|error| error.to_string())?;
    let missing = if prefix == found {
        store.load_partial(weights).map_err(|error| error.to_string())?
    } else {
        load_below(&store, prefix, weights).map_err(|error| error.to_string())?
    };
    if let Some(name) = missing.iter().find(|name| !name.contains("pooler.")) {
        return Err(format!("model.safetensors has no {name}"));
    }
    if let Some(adapters) = adapters {
        merge(&store, prefix, adapters)?;
    }
    store.freeze();
    Ok((model, store))
}

/// Loads weights whose names lack the `prefix` that they have in the store; gives the names of those that are missing.
fn load_below(store: &VarStore, prefix: &str, weights: &Path) -> Result<Vec<String>, tch::TchError> {
    let mut missing = store.variables();
    for (name, tensor) in Tensor::read_safetensors(weights)? {
        if let Some(mut variable) = missing.remove(&format!("{prefix}.{name}")) {
            tch::no_grad(|| variable.f_copy_(&tensor))?;
        }
    }
    Ok(missing.into_keys().collect())
}

/// The configuration as rust-bert wants it: of a `DistilBERT` it asks for what transformers leaves out since 4.0.
fn read_config(family: ModelType, path: &Path) -> Result<ConfigOption, String> {
    if family != ModelType::DistilBert {
        return Ok(ConfigOption::from_file(family, path));
    }
    let mut config: serde_json::Map<String, serde_json::Value> = parse(path)?;
    config.entry("tie_weights_").or_insert(true.into());
    config.entry("sinusoidal_pos_embds").or_insert(false.into());
    let config: DistilBertConfig = serde_json::from_value(config.into()).map_err(|error| error.to_string())?;
    Ok(ConfigOption::DistilBert(config))
}

/// What the names of the encoder's weights begin with.
fn prefix(weights: &Path, family: ModelType) -> Result<&'static str, String> {
    let mut file = File::open(weights).map_err(|error| error.to_string())?;
    let mut length = [0; 8];
    file.read_exact(&mut length).map_err(|error| error.to_string())?;
    let mut header = String::new();
    file.take(u64::from_le_bytes(length)).read_to_string(&mut header).map_err(|error| error.to_string())?;
    let named: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(&header).map_err(|error| format!("model.safetensors is damaged: {error}"))?;
    let prefix = match family {
        ModelType::Roberta => "roberta",
        ModelType::DistilBert => "distilbert",
        _ => "bert",
    };
    let begins = |name: &String| name.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('.'));
    Ok(if named.keys().any(begins) { prefix } else { "" })
}

/// Adds the product of the two factors of each adapter to the weights that they are named after.
fn merge(store: &VarStore, prefix: &str, adapters: &Path) -> Result<(), String> {
    let factors = Tensor::read_safetensors(adapters).map_err(|error| error.to_string())?;
    let factor = |name: &str| factors.iter().find(|(other, _)| other == name).map(|(_, factor)| factor);
    let variables = store.variables();
    for (name, a) in &factors {
        let Some(layer) = name.strip_suffix(".a") else { continue };
        let name = if prefix.is_empty() { format!("{layer}.weight") } else { format!("{prefix}.{layer}.weight") };
        let (Some(weight), Some(b)) = (variables.get(&name), factor(&format!("{layer}.b"))) else {
            return Err(format!("its adapters are those of another encoder: {name} is not in this one"));
        };
        let product = b.to_kind(Kind::Float).f_matmul(&a.to_kind(Kind::Float)).map_err(|error| error.to_string())?;
        let added = tch::no_grad(|| weight.shallow_clone().f_add_(&product));
        added.map(drop).map_err(|error| error.to_string())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct Golden {
        text: String,
        vector: Vec<f32>,
    }

    fn tiny() -> PathBuf {
        tests().join("tiny-bert")
    }

    fn tests() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
    }

    /// Checks the vectors of the encoder in `dir` against those that transformers gives, as far as these go.
    fn check(dir: &Path, golden: &Path) {
        let encoder = Encoder::load(dir, None, 1).unwrap();
        let golden: Vec<Golden> = parse(golden).unwrap();
        // More than one batch, of many lengths.
        let texts: Vec<&str> = golden.iter().map(|row| row.text.as_str()).cycle().take(BATCH * 2 + 1).collect();
        let vectors = encoder.embed(&texts).unwrap();
        assert_eq!(vectors.len(), texts.len());
        for (vector, row) in vectors.iter().zip(golden.iter().cycle()) {
            assert_eq!(vector.len(), encoder.width());
            for (found, wanted) in vector.iter().zip(&row.vector) {
                assert!((found - wanted).abs() < 1e-5, "{}, {:?}: {found} is not {wanted}", dir.display(), row.text);
            }
        }
    }

    /// The directory of the tiny encoder, where files can be changed.
    fn copy_of_tiny() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for name in ["config.json", "model.safetensors", "tokenizer_config.json", "vocab.txt"] {
            fs::copy(tiny().join(name), dir.path().join(name)).unwrap();
        }
        dir
    }

    fn fault(dir: &Path) -> String {
        Encoder::load(dir, None, 1).err().unwrap().to_string()
    }

    #[test]
    fn vectors_are_those_of_transformers() {
        for name in ["tiny-bert", "tiny-roberta", "tiny-distilbert"] {
            check(&tests().join(name), &tests().join(name).join("golden.json"));
        }
    }

    /// `make test-transformer` says where the encoder is; elsewhere it need not be there.
    #[test]
    fn vectors_of_minilm_are_those_of_transformers() {
        if let Some(models) = std::env::var_os("DISCOVERY_MODELS") {
            check(&Path::new(&models).join("all-minilm-l6-v2"), &tests().join("minilm.json"));
        }
    }

    #[test]
    fn any_text_is_withstood() {
        for name in ["tiny-bert", "tiny-roberta", "tiny-distilbert"] {
            let encoder = Encoder::load(&tests().join(name), None, 1).unwrap();
            let long = "waiting ".repeat(5_000);
            let texts = [long.as_str(), "\u{200b}", "😡😡", "مرحبا", "\0", " "];
            for vector in encoder.embed(&texts).unwrap() {
                let length: f32 = vector.iter().map(|value| value * value).sum();
                assert!((length - 1.0).abs() < 1e-4, "{name}: {length}");
            }
            assert!(encoder.embed(&[]).unwrap().is_empty());
        }
    }

    #[test]
    fn adapters_change_the_weights_that_they_are_named_after() {
        let dir = tempfile::tempdir().unwrap();
        let adapters = dir.path().join("adapters.safetensors");
        let write = |layer: &str, value: f64| {
            let factor = |shape: [i64; 2]| Tensor::full(shape, value, (Kind::Float, Device::Cpu)).to_kind(Kind::Half);
            let factors = [(format!("{layer}.a"), factor([2, 32])), (format!("{layer}.b"), factor([32, 2]))];
            Tensor::write_safetensors(&factors, &adapters).unwrap();
        };
        let texts = ["the nurse was great"];
        let plain = Encoder::load(&tiny(), None, 1).unwrap().embed(&texts).unwrap();
        write("encoder.layer.1.attention.self.value", 0.0);
        assert_eq!(Encoder::load(&tiny(), Some(&adapters), 1).unwrap().embed(&texts).unwrap(), plain);
        write("encoder.layer.1.attention.self.value", 0.5);
        assert_ne!(Encoder::load(&tiny(), Some(&adapters), 1).unwrap().embed(&texts).unwrap(), plain);
        write("encoder.layer.7.attention.self.value", 0.5);
        let error = Encoder::load(&tiny(), Some(&adapters), 1).err().unwrap().to_string();
        assert!(error.contains("adapters are those of another encoder"), "{error}");
    }

    #[test]
    fn a_model_saved_with_a_head_is_read_as_well() {
        let dir = copy_of_tiny();
        let weights = Tensor::read_safetensors(tiny().join("model.safetensors")).unwrap();
        let named: Vec<(String, Tensor)> = weights
            .into_iter()
            .filter(|(name, _)| !name.starts_with("pooler."))
            .map(|(name, tensor)| (format!("bert.{name}"), tensor))
            .collect();
        Tensor::write_safetensors(&named, dir.path().join("model.safetensors")).unwrap();
        let texts = ["good"];
        let vectors = Encoder::load(dir.path(), None, 1).unwrap().embed(&texts).unwrap();
        assert_eq!(vectors, Encoder::load(&tiny(), None, 1).unwrap().embed(&texts).unwrap());
    }

    #[test]
    fn what_is_wrong_with_a_directory_is_said() {
        assert!(
            fault(Path::new("/nowhere"))
                .starts_with("/nowhere/config.json: there is no encoder here: run `make models`")
        );
        let dir = copy_of_tiny();
        fs::remove_file(dir.path().join("vocab.txt")).unwrap();
        assert!(fault(dir.path()).contains("vocab.txt: there is no encoder here"));

        let dir = copy_of_tiny();
        let config = fs::read_to_string(tiny().join("config.json")).unwrap();
        let with = |from: &str, to: &str| {
            assert!(config.contains(from));
            fs::write(dir.path().join("config.json"), config.replace(from, to)).unwrap();
            fault(dir.path())
        };
        assert!(with("\"model_type\": \"bert\"", "\"model_type\": \"t5\"").contains("its model_type is t5"));
        assert!(
            with("\"num_hidden_layers\": 2", "\"num_hidden_layers\": 3")
                .contains("model.safetensors has no encoder.layer.2")
        );
        assert!(with("\"vocab_size\"", "\"vocabulary\"").contains("rust-bert does not understand its config.json"));
        assert!(with("{", "").contains("config.json: "));
    }
}
