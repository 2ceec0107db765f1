from django.urls import path

from mentoring.demo import views

app_name = "demo"
urlpatterns = [path("demo/sign-in/", views.demo_sign_in, name="demo-sign-in")]
