"""What a step needs and the machine lacks. Each part looks first, so a second run is instant."""

import debian
import models
import newer_boto3
import npm
import npm_library


def for_build():
    debian.install(debian.BUILD)
    models.fetch()
    for_libraries()


def for_libraries():
    npm.install_node()
    npm_library.fetch_all()


def for_node():
    npm.install_node()
    npm.install_packages()


def for_tests():
    debian.install(debian.BUILD + debian.CLIENTS)
    models.fetch()
    newer_boto3.fetch()
    for_libraries()
    for_node()


def for_example():
    for_build()
    for_node()
