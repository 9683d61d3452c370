"""What a step needs and the machine lacks. Each part looks first, so a second run is instant."""

import debian
import models
import npm


def for_build():
    debian.install(debian.BUILD)
    models.fetch()


def for_node():
    npm.install_node()
    npm.install_packages()


def for_tests():
    debian.install(debian.BUILD + debian.CLIENTS)
    models.fetch()
    for_node()


def for_example():
    for_build()
    for_node()
