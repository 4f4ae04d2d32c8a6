"""The words that sample leads are made of. Names are mixed at random; nobody is meant."""

from __future__ import annotations

#: First names: as written, and as an e-mail address spells them.
FIRST_NAMES: tuple[tuple[str, str], ...] = (
    ("Žofia", "zofia"), ("Łukasz", "lukasz"), ("Ngọc", "ngoc"), ("José", "jose"),
    ("美咲", "misaki"), ("伟", "wei"), ("지우", "jiwoo"), ("Øyvind", "oyvind"),
    ("Jürgen", "juergen"), ("Chloé", "chloe"), ("Αλέξης", "alexis"), ("Ольга", "olga"),
    ("محمد", "mohamed"), ("प्रिया", "priya"), ("İpek", "ipek"), ("Þóra", "thora"),
    ("Amara", "amara"), ("Bongani", "bongani"), ("Carla", "carla"), ("Dmitri", "dmitri"),
    ("Elena", "elena"), ("Farid", "farid"), ("Greta", "greta"), ("Hamza", "hamza"),
    ("Ines", "ines"), ("Joao", "joao"), ("Kwame", "kwame"), ("Lena", "lena"),
    ("Mateus", "mateus"), ("Nadia", "nadia"), ("Oscar", "oscar"), ("Paloma", "paloma"),
    ("Quentin", "quentin"), ("Rosa", "rosa"), ("Samir", "samir"), ("Tara", "tara"),
    ("Ulrich", "ulrich"), ("Vera", "vera"), ("Willem", "willem"), ("Ximena", "ximena"),
    ("Yara", "yara"), ("Zane", "zane"), ("Anders", "anders"), ("Beatriz", "beatriz"),
    ("Cormac", "cormac"), ("Daphne", "daphne"), ("Emil", "emil"), ("Fiona", "fiona"),
    ("Gustavo", "gustavo"), ("Hana", "hana"), ("Ivo", "ivo"), ("Jasmin", "jasmin"),
    ("Kirsten", "kirsten"), ("Luca", "luca"), ("Mirela", "mirela"), ("Noor", "noor"),
    ("Otto", "otto"), ("Petra", "petra"), ("Rafael", "rafael"), ("Signe", "signe"),
    ("Tomas", "tomas"), ("Ursula", "ursula"), ("Viktor", "viktor"), ("Wanda", "wanda"),
)  # fmt: skip

#: Last names, the same way.
LAST_NAMES: tuple[tuple[str, str], ...] = (
    ("Nováková", "novakova"), ("Wójcik", "wojcik"), ("Nguyễn", "nguyen"), ("Muñoz", "munoz"),
    ("佐々木", "sasaki"), ("王", "wang"), ("박", "park"), ("Bjørnsen", "bjornsen"),
    ("Müller-Lüdenscheid", "mueller"), ("Lefèvre", "lefevre"), ("Παπαδάκης", "papadakis"),
    ("Соколова", "sokolova"), ("الحسن", "alhassan"), ("शर्मा", "sharma"), ("Şahin", "sahin"),
    ("Jónsdóttir", "jonsdottir"), ("O'Hallorann", "ohallorann"), ("de la Cruz-Vidal", "delacruz"),
    ("Abernathy", "abernathy"), ("Brandt", "brandt"), ("Castellan", "castellan"),
    ("Dlamini", "dlamini"), ("Eriksen", "eriksen"), ("Ferreira", "ferreira"),
    ("Grünwald", "gruenwald"), ("Haddad", "haddad"), ("Ivanov", "ivanov"), ("Jansen", "jansen"),
    ("Kowalska", "kowalska"), ("Lindqvist", "lindqvist"), ("Mensah", "mensah"),
    ("Nakagawa", "nakagawa"), ("Okafor", "okafor"), ("Petrov", "petrov"), ("Quispe", "quispe"),
    ("Rossi", "rossi"), ("Santoro", "santoro"), ("Tanaka", "tanaka"), ("Urbina", "urbina"),
    ("Varga", "varga"), ("Weiss", "weiss"), ("Yamada", "yamada"), ("Zielinski", "zielinski"),
    ("Achterberg", "achterberg"), ("Bellweather", "bellweather"), ("Corrigan", "corrigan"),
    ("Delacroix", "delacroix"), ("Estévez", "estevez"), ("Fairbanks", "fairbanks"),
    ("Gallagher", "gallagher"), ("Hofmann", "hofmann"), ("Ibarra", "ibarra"),
    ("Jovanović", "jovanovic"), ("Kaplan", "kaplan"), ("Laurent", "laurent"), ("Moreau", "moreau"),
    ("Nieminen", "nieminen"), ("Ortega", "ortega"), ("Pereira", "pereira"), ("Rahman", "rahman"),
    ("Silva", "silva"), ("Toivonen", "toivonen"), ("Vance", "vance"), ("Whitlock", "whitlock"),
)  # fmt: skip

#: City, state (None where a country has none) and country.
PLACES: tuple[tuple[str, str | None, str], ...] = (
    ("Austin", "Texas", "United States"), ("Boston", "Massachusetts", "United States"),
    ("Denver", "Colorado", "United States"), ("Seattle", "Washington", "United States"),
    ("San José", "California", "United States"), ("Montréal", "Québec", "Canada"),
    ("Vancouver", "British Columbia", "Canada"), ("Kraków", None, "Poland"),
    ("München", "Bayern", "Germany"), ("Köln", "Nordrhein-Westfalen", "Germany"),
    ("Zürich", "Zürich", "Switzerland"), ("Malmö", None, "Sweden"), ("Århus", None, "Denmark"),
    ("Lyon", "Auvergne-Rhône-Alpes", "France"), ("Plzeň", None, "Czechia"),
    ("São Paulo", "SP", "Brazil"), ("Bogotá", None, "Colombia"), ("Málaga", "Andalucía", "Spain"),
    ("Thành phố Hồ Chí Minh", None, "Vietnam"), ("大阪市", "大阪府", "日本"),
    ("Singapore", None, "Singapore"), ("Nairobi", None, "Kenya"), ("Lagos", "Lagos", "Nigeria"),
    ("Bengaluru", "Karnataka", "India"), ("Leeds", "England", "United Kingdom"),
    ("Cork", "Munster", "Ireland"), ("İzmir", None, "Türkiye"), ("Dubai", None, "UAE"),
    ("Utrecht", "Utrecht", "Netherlands"), ("Gent", "Vlaanderen", "Belgium"),
    ("Adelaide", "South Australia", "Australia"), ("Αθήνα", None, "Ελλάδα"),
)  # fmt: skip

#: Title, seniority (None where nobody knows) and departments.
JOBS: tuple[tuple[str, str | None, str], ...] = (
    ("VP of Sales", "vp", "sales"), ("Head of Demand Generation", "head", "marketing"),
    ("Chief Revenue Officer", "c_suite", "sales, c_suite"), ("Sales Operations", None, "sales"),
    ("Director of Growth", "director", "marketing"), ("Account Executive", "entry", "sales"),
    ("Founder & CEO", "founder", "c_suite"), ("CTO", "c_suite", "engineering, c_suite"),
    ("Procurement Manager", "manager", "operations"), ("IT Manager", "manager", "it"),
    ("Data Platform Engineer", "senior", "engineering"), ("Leiter Vertrieb", "head", "sales"),
    ("Directrice Générale", "c_suite", "c_suite"), ("Gerente de Compras", "manager", "operations"),
    ("营销总监", "director", "marketing"), ('Owner ("the boss")', "owner", "c_suite"),
)  # fmt: skip

INDUSTRIES = (
    "Computer Software", "Industrial Automation", "Logistics & Supply Chain", "Medical Devices",
    "Financial Services", "Renewables & Environment", "Food Production", "Construction",
    "Higher Education", "Packaging", "Telecommunications", "Insurance", "Textiles", "Aviation",
    "Information Technology & Services", "Professional Training",
)  # fmt: skip

#: A company's name is head + tail + kind: 16 * 16 * 16 of them.
COMPANY_HEADS = (
    "Alder", "Brim", "Cobalt", "Dune", "Ember", "Fjord", "Glimmer", "Harrow", "Iris", "Juniper",
    "Kestrel", "Lumen", "Marrow", "Nimbus", "Ochre", "Pewter",
)  # fmt: skip
COMPANY_TAILS = (
    "bridge", "crest", "dale", "field", "forge", "gate", "haven", "loft", "mark", "point",
    "quay", "ridge", "stone", "vale", "wick", "yard",
)  # fmt: skip
COMPANY_KINDS = (
    "Systems", "Analytics", "Logistics", "Robotics", "Health", "Capital", "Foods", "Énergie",
    "Software GmbH", "Industries", "Consulting", "Networks", "Werke AG", "Labs", "Média", "& Co",
)  # fmt: skip

TOPICS = (
    "pipeline coverage", "lead routing", "account scoring", "churn in the mid-market",
    "onboarding time", "data quality in the CRM", "territory planning", "reply rates",
    "a slow quoting process", "partner attribution", "renewal forecasts", "event follow-up",
    "duplicate contacts", "cost per meeting", "multi-region compliance", "demo no-shows",
    "field service scheduling", "warehouse automation", "vendor consolidation", "budget freezes",
)  # fmt: skip
TOOLS = (
    "spreadsheets", "an in-house CRM", "two overlapping vendors", "a legacy ERP", "manual exports",
    "a new data warehouse", "shared inboxes", "an outsourced team", "a no-code stack",
    "quarterly reviews", "a pilot in one region", "weekly CSV imports",
)  # fmt: skip
MOMENTS = (
    "before the end of the quarter", "after the summer planning round", "in the next two weeks",
    "once the new budget is approved", "ahead of the spring trade fair", "by mid-November",
    "during the ERP migration", "when the sales team doubles", "after their funding round",
    "as soon as procurement replies", "within 90 days", "in the second half of the year",
)  # fmt: skip
EFFECTS = (
    "cut response time by {n} %", "save about {n} hours a week", "lift reply rates by {n} %",
    "replace {n} manual steps", "bring {n} more meetings a month", "reduce cost per lead by {n} %",
    "reach {n} accounts they do not cover today", "shorten the cycle by {n} days",
)  # fmt: skip

#: Sentences of AI texts. `name` and `company` are the lead's own.
SENTENCES = (
    "{name} leads the work on {topic} at {company} and has owned it for {n} months.",
    '{company} still handles {topic} with {tool}, which {name} called "good enough, for now".',
    "A short call {moment} would suit {name} best.",
    "The strongest hook is {topic}: it could {effect}.",
    "Compared with {n} similar accounts, {company} shows above-average interest in {topic}.",
    "Recent hiring at {company} points to {topic} becoming a priority {moment}.",
    "{name} opened {n} messages and clicked twice, both times on {topic}.",
    "Risk: {company} relies on {tool} and may defer a decision until {moment}.",
    "Budget is likely between {n}k and {n}0k € a year, shared with another department.",
    "Hi {name}, I noticed that {company} is working on {topic} — we helped a peer {effect}.",
    "Worth a look {moment}? Happy to send a {n}-minute walkthrough first.",
    "No objection is known; {name} asked for a reference in the same industry.",
    "Their public roadmap mentions {topic} and {topic}, in that order.",
    "The champion is probably {name}; the signature sits one level above.",
    "Competitors in the account: {tool}, and a supplier under contract until {moment}.",
    "Engagement rose by {n} points since the webinar on {topic}.",
    "{company} would expect proof that it can {effect} without replacing {tool}.",
    "Next step: confirm with {name} who signs off on {topic}, then propose a pilot.",
    "Tone so far: friendly, brief, to the point; {name} prefers e-mail over calls.",
    "Score {n}/100 because of fit in size and industry, held back by {tool}.",
)  # fmt: skip
