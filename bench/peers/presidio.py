"""presidio-analyzer with the recognizers that know a form. No model of a language: its engine for those is the one that does nothing."""

from importlib.metadata import version

import tldextract

from findings import Finding, by_line, job, judge, measure

# Its e-mail recognizer asks for the list of public suffixes over the network, unless it is told to take the one that it brings.
tldextract.extract = tldextract.tldextract.TLD_EXTRACTOR = tldextract.TLDExtract(suffix_list_urls=())

from presidio_analyzer import AnalyzerEngine, RecognizerRegistry  # noqa: E402
from presidio_analyzer import predefined_recognizers as known  # noqa: E402
from presidio_analyzer.nlp_engine import NoOpNlpEngine  # noqa: E402

NAME, FILE, FOLDER = job()
# What is below is a guess: it wants a word beside it, which is found by the model.
SCORE = 0.4
RECOGNIZERS = [
    (known.EmailRecognizer, "email"),
    (known.IpRecognizer, "ip"),
    (known.CreditCardRecognizer, "card"),
    (known.UsSsnRecognizer, "us_ssn"),
    (known.PhoneRecognizer, "phone"),
    (known.IbanRecognizer, "iban"),
    (known.MacAddressRecognizer, "mac"),
    (known.CaSinRecognizer, "ca_sin"),
    (known.DeTaxIdRecognizer, "de_tin"),
    (known.EsNifRecognizer, "es_dni"),
    (known.EsNieRecognizer, "es_dni"),
    (known.FiPersonalIdentityCodeRecognizer, "fi_hetu"),
    (known.InAadhaarRecognizer, "in_aadhaar"),
    (known.ItFiscalCodeRecognizer, "it_cf"),
    (known.NhsRecognizer, "uk_nhs"),
    (known.PlPeselRecognizer, "pl_pesel"),
    (known.SePersonnummerRecognizer, "se_pnr"),
    (known.UkNinoRecognizer, "uk_nino"),
]
# What the expressions of the other tools know too. Without telephones: to it every order number of ten digits can be one.
COMMON = ["email", "ip", "card", "us_ssn", "iban"]


def finder(kinds: list[str]):
    registry = RecognizerRegistry(recognizers=[], supported_languages=["en"])
    names = {}
    for recognizer, kind in RECOGNIZERS:
        if kind in kinds:
            made = recognizer(supported_language="en")
            registry.add_recognizer(made)
            names |= dict.fromkeys(made.supported_entities, kind)
    engine = NoOpNlpEngine([{"lang_code": "en", "model_name": ""}])
    engine.load()
    analyzer = AnalyzerEngine(registry=registry, nlp_engine=engine, supported_languages=["en"])

    def find(text: str) -> list[Finding]:
        found = set()
        for each in analyzer.analyze(text=text, language="en", entities=list(names), score_threshold=SCORE):
            kind = names[each.entity_type]
            if kind == "ip":
                kind = "ipv6" if ":" in text[each.start : each.end] else "ipv4"
            found.add((kind, each.start, each.end))
        return sorted(found)

    return by_line(find)


TOOL, VERSION = "presidio-analyzer, its recognizers", f"presidio-analyzer {version('presidio-analyzer')}"
if FILE.startswith("corpus "):
    every = [kind for _, kind in RECOGNIZERS]
    judge("presidio-analyzer", {*every, "ipv4", "ipv6"} - {"ip"}, FOLDER, FILE.removeprefix("corpus "), finder(every))
else:
    measure(TOOL, VERSION, FOLDER, FILE, finder(COMMON))
