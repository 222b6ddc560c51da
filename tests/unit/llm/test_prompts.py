from llm.prompts import load, manifest, sha256_of

# A text that was published under a version never changes: write a new version instead.
PUBLISHED = {
    ("explain", 1): "0a56d49bc56011b0dd0a4bc1215a7e09d6bb33bdf1ba193c5da69069ba19d705",
}


def test_no_text_changes_without_a_new_version() -> None:
    on_disk = {
        (name, int(version)): sha256_of(name, int(version))
        for name, versions in manifest().items()
        for version in versions
    }
    assert on_disk == PUBLISHED


def test_the_manifest_records_every_text() -> None:
    recorded = {
        (name, int(version)): digest
        for name, versions in manifest().items()
        for version, digest in versions.items()
    }
    assert recorded == PUBLISHED


def test_the_newest_version_is_loaded_with_its_canary() -> None:
    prompt = load("explain")
    assert prompt.version == max(version for name, version in PUBLISHED if name == "explain")
    assert prompt.canary in prompt.text
    assert prompt.canary.isalpha()
    assert "{canary}" not in prompt.text
