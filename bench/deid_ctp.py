"""RSNA's CTP among the tools that de-identify: its stock script ("CTP Clinical Trial Default") over one folder.

CTP has no command line that installs by itself: BIOTHECA_BENCH_CTP names a checkout of github.com/johnperry/CTP, whose
libraries and script are used as they lie there; a Java 11 or later runs the loop below. Nothing of CTP is kept here.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

SCRIPT = "source/files/examples/example-ctp-dicom-anonymizer.script"
# One loop in one virtual machine, as the others have one interpreter. It says the CPU seconds after the first file.
LOOP = """
import java.io.File;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.Properties;
import org.rsna.ctp.stdstages.anonymizer.AnonymizerStatus;
import org.rsna.ctp.stdstages.anonymizer.IntegerTable;
import org.rsna.ctp.stdstages.anonymizer.dicom.DAScript;
import org.rsna.ctp.stdstages.anonymizer.dicom.DICOMAnonymizer;

class Loop {
  static double cpu() {
    var bean = (com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    return bean.getProcessCpuTime() / 1e9;
  }
  public static void main(String[] words) throws Exception {
    File source = new File(words[0]), target = new File(words[1]);
    target.mkdirs();
    Properties rules = DAScript.getInstance(new File(words[2])).toProperties();
    File kept = java.nio.file.Files.createTempDirectory("ctp").toFile();
    IntegerTable integers = new IntegerTable(kept);
    File[] files = source.listFiles();
    Arrays.sort(files);
    double begun = cpu();
    for (int i = 0; i <= files.length; i++) {
      if (i == 1) begun = cpu();
      File file = files[Math.max(0, i - 1)];
      AnonymizerStatus told = DICOMAnonymizer.anonymize(
        file, new File(target, file.getName()), rules, new Properties(), integers, false, false);
      if (!told.isOK()) System.err.println(file.getName() + " " + told.getMessage());
    }
    System.out.println(cpu() - begun);
    integers.close();
  }
}
"""


def command(source: Path, target: Path, scratch: Path) -> list[str] | None:
    """How CTP is run over a folder; None where it or Java is not at hand. `scratch` gets the loop's text."""
    home, java = os.environ.get("BIOTHECA_BENCH_CTP"), shutil.which("java")
    if not home or not java:
        return None
    jars = sorted(Path(home, "libraries").rglob("*.jar"))
    if not jars or not Path(home, SCRIPT).is_file():
        raise SystemExit(f"BIOTHECA_BENCH_CTP={home} is no checkout of CTP with its libraries and {SCRIPT}")
    scratch.mkdir(parents=True, exist_ok=True)
    loop = scratch / "Loop.java"
    loop.write_text(LOOP)
    path = os.pathsep.join(map(str, jars))
    return [java, "-Xmx1g", "-cp", path, str(loop), str(source), str(target), str(Path(home, SCRIPT))]
