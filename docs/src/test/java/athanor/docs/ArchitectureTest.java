package athanor.docs;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

/// kernels <- engine <- nn <- train <- cli, and bench looks at all of them.
class ArchitectureTest {
    private static final JavaClasses CLASSES =
            new ClassFileImporter()
                    .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
                    .importPackages("athanor");

    @Test
    void modulesDependOnlyOnThoseBeforeThem() {
        layeredArchitecture()
                .consideringOnlyDependenciesInLayers()
                .layer("kernels")
                .definedBy("athanor.kernels..")
                .layer("engine")
                .definedBy("athanor.engine..")
                .layer("nn")
                .definedBy("athanor.nn..")
                .layer("train")
                .definedBy("athanor.train..")
                .layer("cli")
                .definedBy("athanor.cli..")
                .layer("bench")
                .definedBy("athanor.bench..")
                .withOptionalLayers(true)
                .whereLayer("bench")
                .mayNotBeAccessedByAnyLayer()
                .whereLayer("cli")
                .mayOnlyBeAccessedByLayers("bench")
                .whereLayer("train")
                .mayOnlyBeAccessedByLayers("cli", "bench")
                .whereLayer("nn")
                .mayOnlyBeAccessedByLayers("train", "cli", "bench")
                .whereLayer("engine")
                .mayOnlyBeAccessedByLayers("nn", "train", "cli", "bench")
                .check(CLASSES);
    }

    @Test
    void vectorsAreSeenByKernelsAlone() {
        noClasses()
                .that()
                .resideOutsideOfPackage("athanor.kernels..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("jdk.incubator.vector..")
                .check(CLASSES);
    }

    @Test
    void kernelsKnowNoTensors() {
        noClasses()
                .that()
                .resideInAPackage("athanor.kernels..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("athanor.engine..", "athanor.nn..", "athanor.train..")
                .check(CLASSES);
    }

    @Test
    void kernelFamiliesDoNotFormCycles() {
        slices().matching("athanor.kernels.(*)..").should().beFreeOfCycles().check(CLASSES);
    }

    @Test
    void onlyOjAlgoAndFastutilReachTheCore() {
        noClasses()
                .that()
                .resideInAnyPackage("athanor.kernels..", "athanor.engine..")
                .and()
                .resideOutsideOfPackage("athanor.kernels.cuda.jcuda..")
                .should()
                .dependOnClassesThat()
                .resideOutsideOfPackages(
                        "java..",
                        "jdk.incubator.vector..",
                        "athanor..",
                        "org.ojalgo..",
                        "it.unimi.dsi..",
                        "org.jspecify..")
                .check(CLASSES);
    }

    @Test
    void onlyOnePackageSeesJCuda() {
        noClasses()
                .that()
                .resideOutsideOfPackage("athanor.kernels.cuda.jcuda..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("jcuda..")
                .check(CLASSES);
    }
}
