//! The commonest words of the languages with Latin letters, and their vote.
//!
//! A word counts the less the more of these languages use it; letters that only one of them has count as well. Somali,
//! Yoruba and Albanian have no profile in `whatlang`: for them the words are the only evidence.

use std::borrow::Cow;
use std::collections::HashMap;

/// Function words, and the words most used about health, of each language.
const WORDS: [(&str, &str); 18] = [
    (
        "en",
        "the be is are was were been being to of and in that have has had having it for not on with he as you do does \
         did doing done at this but his by from they we say her she or an will my one all would there their what so \
         up out if about who get got which go me when make can like time no just him know take into your good some \
         could them see other than then now look only come its it's over think also back after use how our work first \
         well way even new want because any these give day most us i'm i've i'd i'll don't can't won't didn't doesn't \
         isn't wasn't aren't haven't hasn't couldn't wouldn't shouldn't you're they're we're that's there's what's \
         he's she's let's am very really much more many too still here again always never ever every why where while \
         should must may might off down before between through during since until against without thank thanks please \
         sorry yes great bad best better worse nice lovely kind amazing brilliant terrible awful appointment \
         appointments doctor doctors nurse nurses hospital gp surgery waiting wait waited list weeks months years \
         hours week month year today tomorrow yesterday called calling phone rang told said says help need needs \
         needed care staff people patient patients service services mum dad son daughter wife husband someone nobody \
         anyone everyone something nothing anything everything another own same such few those each both last long \
         right left old little big dont cant wont didnt im ive thats getting going went made took found felt feel \
         looking trying keep put seen gone home school children child life love hope happy sad tired morning night \
         evening friday monday sunday weekend pain cancer baby birth health mental social free money pay paid cost \
         government nhs treatment treated diagnosis referral prescription ambulance dentist pharmacy medicine \
         medication blood test results scan operation ward discharged midwife visit team local system support using \
         based under less next two three four five six seven eight nine ten hundred thousand million second third \
         quite rather enough almost maybe perhaps however although though despite whether instead already yet soon \
         later early late away around across along together apart inside outside above below near far fine problem \
         problems complaint complaints professional professionalism helpful polite friendly caring clear excellent \
         fantastic wonderful outstanding satisfied satisfaction quick quicker quickly prompt response answer answered \
         advice pleasant perfect perfectly completely total totally returned answering arrived sooner earlier \
         sometimes understanding communication improve improved improvement keeping safe everyone's nobody's waste \
         queue queues receptionist consultant hospital's parking toilet clean dirty noisy food cold hot drivers \
         driver crew trip picked easy difficult described previously solved opinion group walking talking listening \
         comment comments idea education agree disagree question questions absolutely exactly definitely obviously \
         disgrace disgusting appalling shocking fab superb top class ok okay wow omg lol tbh",
    ),
    (
        "cy",
        "mae yn yr y wedi ddim gwasanaeth meddyg meddygfa iawn bod i'r a'r o'r ac ar am eu ei sydd oedd gan dim hyn \
         fod fel ond hefyd rwy dw dwi diolch cael gyda wrth neu pan oes rhaid cymraeg cymru ysbyty nyrs aros bydd \
         gwaith nid dros mewn ein fy eich ni chi roedd gallu wnaeth hwn hon rhai pob eto felly yma yno byth blwyddyn \
         apwyntiad deintydd iechyd plant pobl amser mae'n i'n sy'n a'i o'i yw ydy ydi dyma dyna nad lle gael gweld \
         mynd dod mawr bach newydd hynny drwy hyd rhwng ers heb dan tua heddiw ddoe yfory angen eisiau wnes cefais fe \
         roi rhoi gwneud dweud meddai fyddai gallwn hoffwn llawer mwy lai",
    ),
    (
        "pl",
        "i w na z do się nie to jest że o jak po za od przez ale czy już był była było są dla tak tylko co może jego \
         jej ich ten tym ta te które który która oraz mnie mam jestem bardzo lekarz lekarza szpital szpitala dziękuję \
         gdy jeszcze być także ma nas pan pani roku przed przy we ze sobie tego tej bo ja on ona my wy mi go a by \
         kiedy gdzie więc też pod lub niż jako będzie mu czas dziś wizyta wizytę pomoc",
    ),
    (
        "ro",
        "și în de la cu pe nu este un o ce care a fost mai din pentru sunt să se au dar sau foarte după prin ca ei \
         lui lor această acest unui unei cum am ai are era fi fără spre până când unde numai doar și-a într dintre \
         către anul ani nostru noastră îmi îți mă te vă noi voi ea el asta acum atunci tot toate mult mulțumesc \
         spital doctor medic si in sa iar ş şi ţi că aceste aceasta acestea dupa fara intre pana cand cea cel cei \
         cele iti imi le li i-a s-a intr-un intr-o dintr-un ale al putea poate marele asa fata data mare daca dacă \
         deci desi deşi despre ce-a",
    ),
    (
        "pt",
        "de a o que e do da em um para é com não uma os no se na por mais as dos como mas foi ao ele das tem à seu \
         sua ou ser quando muito há nos já está eu também só pelo pela até isso ela entre era depois sem mesmo aos \
         obrigado obrigada ter seus quem nas me esse eles estão você tinha foram essa num nem suas meu às minha têm \
         numa pelos elas havia seja qual será nós tenho lhe deles essas esses hospital médico médica",
    ),
    (
        "es",
        "de la que el en y a los del se las por un para con no una su al lo como más pero sus le ya o este sí porque \
         esta entre cuando muy sin sobre también me hasta hay donde quien desde todo nos durante todos uno les ni \
         contra otros ese eso ante ellos e esto mí antes algunos qué unos yo otro gracias es son fue ha han era está \
         están ser tiene hospital médico cita años puede hace nuestro nuestra nuestros hacer tiempo así cada sino \
         mismo misma mejor después solo sólo aunque parte tienen",
    ),
    (
        "fr",
        "le de un à être et en avoir que pour dans ce il qui ne sur se pas plus par avec tout faire son est les des \
         une du au la nous vous je on mais ou très où été cette ces leur elle sont ont aux merci c'est j'ai n'est \
         qu'il d'un d'une l'on sa ses me te lui nos vos leurs comme si même aussi sans sous entre peut fait après \
         avant depuis encore rien dont était avait ils elles y hôpital médecin rendez-vous l'hôpital quand deux",
    ),
    (
        "it",
        "di che è la il un a per in una mi sono ho non ma lo ha le si ti i con cosa se io come da ci no questo qui \
         hai sei del bene tu sì me più al mio perché lei solo della degli nel alla gli anche dei grazie delle nella \
         dal dalla sul sulla ai agli alle lui noi voi loro suo sua stato stata essere quando anni dopo molto ospedale \
         medico era fatto hanno ed o e questa quello",
    ),
    (
        "de",
        "der die und in den von zu das mit sich des auf für ist im dem nicht ein eine als auch es an werden aus er \
         hat dass sie nach wird bei einer um am sind noch wie einem über so zum war haben nur oder aber vor zur bis \
         mehr durch man sein wurde ich wir mir mich uns ihr ihre einen eines wenn kann schon keine immer sehr danke \
         krankenhaus arzt termin gegen vom können hatte waren unter diese dieser",
    ),
    (
        "lt",
        "ir kad į yra su iš tai o bet ne apie kaip buvo po dėl ar už prie jau tik savo jo metų nuo per labai taip jos \
         kurie kuris kuri jie mes aš tu jis ji būti bus gali dar iki pagal tarp nėra kai nes čia dabar šis ši šio \
         šios jų man mano viena vienas ačiū gydytojas ligoninė",
    ),
    (
        "cs",
        "a se na je že v to s z do o i jako za by ale jsem si po pro jsou který které která bylo byl byla také jeho \
         jen nebo při už až jsme má ve ze od však tak co není být aby podle její jejich této tento mezi před roku \
         když ještě kde pod nás mi děkuji lékař nemocnice těchto může jak kdy kdo vám vás nám své svou velmi jejím",
    ),
    (
        "sk",
        "a sa na je že v to s z do o aj ako za by ale som si po pre sú ktorý ktoré ktorá bolo bol bola tiež jeho len \
         alebo pri už až sme má vo zo od však tak čo nie byť aby podľa jej ich tejto tento medzi pred roku keď ešte \
         kde pod nás mi ďakujem lekár nemocnica môže kedy kto vám vás nám svoje svojej veľmi ktorí ktorého bude budú",
    ),
    (
        "hu",
        "a az és hogy nem is egy ez van meg de volt már csak mint vagy el ha azt ki még mert szerint után lehet kell \
         minden nagyon amely olyan fel le be én te ő mi ti ők ezt arra ami aki sem majd között pedig így úgy itt ott \
         köszönöm orvos kórház voltak lesz több első",
    ),
    (
        "tr",
        "ve bir bu da de için ile çok olarak daha en gibi var ne o kadar ama sonra olan ki değil mi ya her ben sen \
         biz yok olduğu oldu ise göre kendi siz onlar şu bana sana ona nasıl neden önce şimdi veya hem bile ancak \
         böyle iki büyük yeni tarafından teşekkür doktor hastane randevu",
    ),
    (
        "so",
        "waa iyo ka ku oo ayaa uu ay in la aan waxaa soo si loo laga lagu kale badan inuu isaga dalka wuxuu waxay \
         doonaa ah ee u ma sida markii isku kuwa maanta ayuu ayay kaas taas halkaas waxa waxaan iyada iyaga anigu \
         adigu hadda lahaa leh kuna inay inaan noqday jiray jirta dadka caafimaadka isbitaalka dhakhtar dhakhtarka \
         mahadsanid wax mid inkastoo balse laakiin ilaa intii uga ugu kala kaga waxee waxaana wuxuuna weyn yahay \
         tahay yihiin ahaa ahayd leeyahay leedahay haddii marka dheeraa cusub dad dadku qof magaalada gobolka waqooyi \
         galbeed bilood sanad jirto hore dambe qoyska caruurta ayey aad magaca waana waad inta labada labadaba isla",
    ),
    (
        "yo",
        "ni ti si awọn àwọn ó tí ní wọn wọ́n fun fún sí kí bí láti lati yìí yii ìyẹn nínú gbogbo lè jẹ́ náà naa pé pe \
         kan o a mo wa kò ko àti ati bá sì rẹ̀ won mi re ara ọjọ́ ọmọ èyí tó kọ́ gẹ́gẹ́ máa ṣe tabi tàbí ẹ àwon awon \
         tele ilé ile oba oko osù odún omo ojó ojà òrò sùgbón tún jẹ je wí ń nìyí wón bẹ́ẹ̀ àgbà",
    ),
    (
        "sq",
        "të në dhe është për një që me nga ka si se do kjo janë ishte nuk edhe tij saj më por ky i e u ne ju ata ato \
         kur ku pas para mund duke kanë kishte vetëm shumë deri ose unë ti ai ajo jam je jemi faleminderit mjeku \
         spitali te eshte per nje qe sipas gjatë tyre këtë prej po s'ka së",
    ),
    (
        "tl",
        "ang ng sa na mga ay at ko mo ito siya hindi para kung ni si may pa po ako niya kanyang isang din nang naman \
         lang ka namin natin kami tayo sila wala mayroon dahil kasi pero rin ba iyon yung doktor ospital salamat \
         upang kay mula noong bilang pag ating aking inyong nila kanilang",
    ),
];

/// Letters that one language has and the others lack, in lower case.
const LETTERS: [(&str, &str); 14] = [
    ("cy", "ŵŷ"),
    ("pl", "łąęśźżćń"),
    ("ro", "ășțţ"),
    ("pt", "ãõ"),
    ("es", "ñ¿"),
    ("fr", "œ"),
    ("de", "ß"),
    ("lt", "ėųįū"),
    ("cs", "řůě"),
    ("sk", "ľĺŕ"),
    ("hu", "őű"),
    ("tr", "ğışİ"),
    ("yo", "ẹọṣ"),
    ("sq", "ë"),
];

/// What one word is worth that only one language uses; divisible by the number of languages that share a word.
const UNIT: u32 = 5_040;

/// Longer words are not looked up, in bytes: none of the words above is so long.
const MAX_WORD: usize = 24;

/// Languages that vote.
const LANGUAGES: usize = WORDS.len();

/// A bit for each language.
type Languages = u32;

/// The words, each with the languages that use it.
pub(super) struct Words {
    languages: HashMap<&'static str, Languages>,
    letters: HashMap<char, usize>,
}

/// How much speaks for each language.
#[derive(Debug, Default)]
pub(super) struct Votes {
    scores: [u32; LANGUAGES],
}

impl Words {
    pub(super) fn new() -> Self {
        let mut languages: HashMap<&'static str, Languages> = HashMap::new();
        for (index, (_, words)) in WORDS.iter().enumerate() {
            for word in words.split_whitespace() {
                *languages.entry(word).or_default() |= 1 << index;
            }
        }
        let letters = LETTERS
            .iter()
            .filter_map(|(code, letters)| Some((position(code)?, letters)))
            .flat_map(|(index, letters)| letters.chars().map(move |letter| (letter, index)))
            .collect();
        Self { languages, letters }
    }

    /// Counts one word.
    pub(super) fn vote(&self, word: &str, votes: &mut Votes) {
        if word.len() <= MAX_WORD {
            let mut buffer = [0; MAX_WORD];
            if let Some(&languages) = self.languages.get(&*lower(word, &mut buffer)) {
                let share = UNIT / languages.count_ones();
                (0..LANGUAGES)
                    .filter(|index| languages & (1 << index) != 0)
                    .for_each(|index| votes.scores[index] += share);
            }
        }
        if !word.is_ascii() {
            for letter in word.chars().flat_map(char::to_lowercase) {
                if let Some(&index) = self.letters.get(&letter) {
                    votes.scores[index] += UNIT / 2;
                }
            }
        }
    }
}

impl Votes {
    /// Whether something speaks for `code`, and no more for any other language.
    pub(super) fn supports(&self, code: &str) -> bool {
        let Some(index) = position(code) else { return false };
        let score = self.scores[index];
        score > 0 && self.scores.iter().all(|other| *other <= score)
    }

    /// Whether nothing speaks for any language.
    pub(super) fn is_silent(&self) -> bool {
        self.scores.iter().all(|score| *score == 0)
    }
}

/// The word in lower case and with straight apostrophes, in `buffer` where that can be.
fn lower<'a>(word: &str, buffer: &'a mut [u8; MAX_WORD]) -> Cow<'a, str> {
    if !word.is_ascii() {
        return Cow::Owned(word.to_lowercase().replace('\u{2019}', "'"));
    }
    let copy = &mut buffer[..word.len()];
    copy.copy_from_slice(word.as_bytes());
    copy.make_ascii_lowercase();
    Cow::Borrowed(std::str::from_utf8(copy).expect("ASCII in lower case is ASCII"))
}

fn position(code: &str) -> Option<usize> {
    WORDS.iter().position(|(known, _)| *known == code)
}
